"""A layer on several replicas at once, each with its part of a batch: a program of its own.

TensorFlow and JAX must be told of virtual devices before they start, and torch's replicas are
processes: so `on_replicas` runs this file, which hands back what each replica got in each step.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_norms import layers
from tests.gradients import BACKEND, Pass, array, program

FLAGS = "--xla_force_host_platform_device_count=4"


class Step(NamedTuple):
    """One pass forward and backward; arrays are cut along the batch, `sizes` a replica."""

    layer: str  # a class of keras_norms.layers
    settings: Mapping[str, Any]
    sizes: Sequence[int]
    x: np.ndarray
    dy: np.ndarray
    mask: np.ndarray | None = None
    compiled: str = ""  # TensorFlow: "outer" of strategy.run, or "inner"
    weights: Sequence[np.ndarray] = ()

    def made(self) -> keras.layers.Layer:
        layer = getattr(layers, self.layer).from_config(dict(self.settings))
        layer.build((None, *self.x.shape[1:]))
        layer.set_weights(self.weights) if self.weights else None
        return layer

    def part(self, replica: int) -> list[np.ndarray | None]:
        ends = np.cumsum(self.sizes)[replica]
        part = slice(ends - self.sizes[replica], ends)
        return [None if a is None else a[part] for a in (self.x, self.dy, self.mask)]


def on_replicas(steps: Sequence[Step]) -> list[list[Pass]]:
    """What each replica got in each step."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "steps").write_bytes(pickle.dumps(list(steps)))
        run = subprocess.run(
            [sys.executable, "-m", "tests.replicas", folder],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "KERAS_BACKEND": BACKEND, "XLA_FLAGS": FLAGS},
        )
        assert run.returncode == 0, run.stderr
        return pickle.loads((Path(folder) / "passes").read_bytes())


def on_devices(steps: Sequence[Step]) -> list[list[Pass]]:
    """TensorFlow's replicas: threads, on virtual devices of one CPU."""
    import tensorflow as tf

    cpu, most = tf.config.list_physical_devices("CPU")[0], max(len(step.sizes) for step in steps)
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * most)
    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    numbers = {len(step.sizes) for step in steps}
    # Groups of different sizes, reduced in the usual way, would take one another for the same.
    ways = dict.fromkeys(numbers, tf.distribute.ReductionToOneDevice()) | {2: None}
    strategies = {
        number: tf.distribute.MirroredStrategy(names[:number], cross_device_ops=ways[number])
        for number in numbers
    }
    return [_on_devices(step, strategies[len(step.sizes)]) for step in steps]


def _on_devices(step: Step, strategy: Any) -> list[Pass]:
    import tensorflow as tf

    with strategy.scope():
        layer = step.made()
    number = len(step.sizes)

    def on_each(x, dy, mask):
        weights = [v.value for v in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True, mask=mask)
        zero = tf.UnconnectedGradients.ZERO
        return y, *tape.gradient(y, [x, *weights], tf.cast(dy, y.dtype), unconnected_gradients=zero)

    parts = zip(*(step.part(r) for r in range(number)), strict=True)
    given = [
        None
        if part[0] is None
        else strategy.experimental_distribute_values_from_function(
            lambda context, part=part: tf.constant(part[context.replica_id_in_sync_group])
        )
        for part in parts
    ]
    inner = tf.function(on_each, autograph=False) if step.compiled == "inner" else on_each
    run: Callable = lambda: strategy.run(inner, args=given)  # noqa: E731
    found = (tf.function(run, autograph=False) if step.compiled == "outer" else run)()
    found = [strategy.experimental_local_results(value) for value in found]
    memory = {
        v.name: strategy.experimental_local_results(v.value) for v in layer.non_trainable_variables
    }
    passes = []
    for r in range(number):
        y, dx, *gradients = (array(value[r]) for value in found)
        named = zip(layer.trainable_variables, gradients, strict=True)
        kept = {name: np.array(values[r]) for name, values in memory.items()}
        passes.append(Pass(y, dx, {v.name: g for v, g in named}, kept))
    return passes


def in_processes(steps: Sequence[Step]) -> list[list[Pass]]:
    passes: list[Any] = [None] * len(steps)
    for number in {len(step.sizes) for step in steps}:
        mine = [i for i, step in enumerate(steps) if len(step.sizes) == number]

        def work(replica: int, mine: list[int] = mine) -> list[Pass]:
            made = ((program(steps[i].made(), training=True), steps[i].part(replica)) for i in mine)
            return [run(*part) for run, part in made]

        for i, together in zip(mine, zip(*processes(number, work), strict=True), strict=True):
            passes[i] = list(together)
    return passes


def on_pieces(steps: Sequence[Step]) -> list[list[Pass]]:
    """JAX has no replicas: one array lies on several devices in equal pieces, and one pass does."""
    import jax

    passes = []
    for step in steps:
        mesh = jax.sharding.Mesh(jax.devices()[: len(step.sizes)], ("batch",))
        pieces = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
        x, dy, mask = (
            None if a is None else jax.device_put(a, pieces) for a in (step.x, step.dy, step.mask)
        )
        assert len(x.sharding.device_set) == len(step.sizes)
        passes.append([program(step.made(), training=True)(x, dy, mask)])
    return passes


def processes(number: int, work: Callable[[int], Any]) -> list[Any]:
    """`work(replica)` in as many processes, which make up torch's default group.

    They part from this process, which must not have computed anything.
    """
    with tempfile.TemporaryDirectory() as folder:
        children = []
        for replica in range(number):
            child = os.fork()
            if not child:
                _work(number, replica, work, Path(folder))
            children.append(child)
        codes = [os.waitpid(child, 0)[1] for child in children]
        assert codes == [0] * number, codes
        return [pickle.loads((Path(folder) / str(r)).read_bytes()) for r in range(number)]


def _work(number: int, replica: int, work: Callable[[int], Any], folder: Path) -> None:
    import torch

    code = 1
    try:
        torch.set_num_threads(1)
        torch.distributed.init_process_group(
            "gloo", f"file://{folder}/group", rank=replica, world_size=number
        )
        (folder / str(replica)).write_bytes(pickle.dumps(work(replica)))
        torch.distributed.destroy_process_group()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    steps = pickle.loads((folder / "steps").read_bytes())
    run = {"tensorflow": on_devices, "torch": in_processes, "jax": on_pieces}[BACKEND]
    passes = run(steps)
    (folder / "passes").write_bytes(pickle.dumps(passes))
