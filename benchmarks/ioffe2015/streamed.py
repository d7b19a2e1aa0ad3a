"""Runs whose images come as a stream: trained by Keras's own `fit`, a piece at a time.

A piece ends at each evaluation and then everything is kept that the next one starts from. Keras's
`BackupAndRestore` would not do: it leaves out the states of random generators, so that a network
with dropout goes on otherwise than it would have, and it knows nothing of where the stream is.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import keras
import numpy as np

from benchmarks.ioffe2015 import streams
from benchmarks.ioffe2015.streams import Stream
from keras_norms.lab.edges.verdict import Verdict, blown_up_at, classify
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Cost, Outcome, Run
from keras_norms.lab.training.building import build
from keras_norms.lab.training.outcome import COLUMNS
from keras_norms.lab.training.program import require_backend
from keras_norms.lab.training.schedules import parse

OnStep = Callable[[Run, int], None]


def train(
    runs: Iterable[Run],
    *,
    data_dir: str | Path | None = None,
    on_step: OnStep = lambda run, step: None,
    checkpoints: str | Path | None = None,
    replicas: bool = False,
) -> Iterator[Outcome]:
    """Trains runs one after another, and yields the outcome of each.

    The losses by which a run blows up are means over a piece, so `blew_up_at` is the first step of
    one.

    Args:
        data_dir: where TFDS has prepared sets.
        on_step: called with a run and the number of steps it has done, after each piece.
        checkpoints: folder in which runs that were stopped are found again; none is kept where
            None.
        replicas: train on all devices of the machine, each with its part of the batch.

    Raises:
        BadInput: data that are not there; a batch that the devices cannot share.
    """
    for run in runs:
        require_backend(run)
        stream = streams.opened(run.data, data_dir)
        with _on_all_devices(run.batch) if replicas else contextlib.nullcontext():
            model = _compiled(run, stream)
            checkpoint = Checkpoint(checkpoints, run.key, model)
            outcome = _train(run, stream, model, checkpoint, on_step)
        yield outcome


def _train(
    run: Run, stream: Stream, model: keras.Model, checkpoint: Checkpoint, on_step: OnStep
) -> Outcome:
    rows, cpu_before, wall_before = checkpoint.restored()
    cpu, wall = time.process_time() - cpu_before, time.perf_counter() - wall_before
    done = int(rows[-1][0]) if rows else 0
    while done < run.steps and not _blew_up(rows, stream.classes):
        steps = min(run.evaluate_every or run.steps, run.steps - done)
        images = stream.training(done, steps, run.batch, run.seed, run.reshuffle)
        history = model.fit(
            images,
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=[_Seeded(run.seed, done)],
        ).history
        tested = model.evaluate(stream.testing(run.batch), verbose=0, return_dict=True)
        done += steps
        trained = {name: values[-1] for name, values in history.items()}
        rows.append([done, *(float(m[name]) for m in (trained, tested) for name in METRICS)])
        checkpoint.save(rows, time.process_time() - cpu, time.perf_counter() - wall)
        on_step(run, done)
    losses, accuracies = [row[1] for row in rows], [row[2] for row in rows]
    verdict, piece = classify(losses, accuracies, stream.classes)
    if not verdict.blown and not math.isfinite(rows[-1][3]):
        verdict, piece = Verdict.BLEW_UP, len(rows) - 1  # by the last updates of all
    return Outcome(
        run=run,
        verdict=verdict,
        blew_up_at=None if piece is None else piece * run.evaluate_every,
        curve=dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)),
        cost=Cost(time.process_time() - cpu, time.perf_counter() - wall, 0.0),
    )


class _Seeded(keras.callbacks.Callback):
    """torch's dropout draws from a state that is no variable: it is set where a piece begins.

    Not sooner, for the first `fit` of a model draws from it too.
    """

    def __init__(self, seed: int, step: int) -> None:
        super().__init__()
        self._draw = np.random.default_rng([seed, step])

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        if keras.config.backend() == "torch":
            import torch

            torch.manual_seed(int(self._draw.integers(2**63)))


def _blew_up(rows: list[list[float]], classes: int) -> bool:
    return blown_up_at([row[1] for row in rows], classes) is not None


METRICS = ("cross_entropy", "accuracy")  # `fit`'s own loss has the L2 term in it


def _compiled(run: Run, stream: Stream) -> keras.Model:
    model = build(run, stream, run.seed)
    for variable in model.trainable_variables:
        if run.l2 and len(variable.shape) >= 2:  # kernels
            variable.regularizer = keras.regularizers.L2(run.l2)
    decay, every = parse(run.schedule)
    rate = keras.optimizers.schedules.ExponentialDecay(run.learning_rate, every, decay)
    model.compile(
        keras.optimizers.SGD(rate, momentum=run.momentum),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name=METRICS[0]),
            keras.metrics.SparseCategoricalAccuracy(name=METRICS[1]),
        ],
    )
    model.optimizer.build(model.trainable_variables)
    return model


@contextlib.contextmanager
def _on_all_devices(batch: int) -> Iterator[None]:
    """What is built and trained within is so on all devices of this machine."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        strategy = tf.distribute.MirroredStrategy()
        _require_equal_parts(batch, strategy.num_replicas_in_sync)
        with strategy.scope():
            yield
    elif backend == "jax":
        distribution = keras.distribution.DataParallel()
        _require_equal_parts(batch, distribution.num_model_replicas)
        with distribution.scope():
            yield
    else:
        raise BadInput("replicas=True: on torch one device trains; set KERAS_BACKEND=jax, say")


def _require_equal_parts(batch: int, devices: int) -> None:
    if batch % devices:
        raise BadInput(
            f"batch={batch} cannot be shared by {devices} devices: write a multiple of {devices}, "
            "or leave `replicas` out"
        )


class Checkpoint:
    """All variables of a model and its optimizer, and the curve so far, in one file.

    The states of random generators are variables too. The file is written beside its place and
    renamed, so a kill leaves the one before.
    """

    def __init__(self, folder: str | Path | None, key: str, model: keras.Model) -> None:
        self._path = Path(folder) / f"{key}.npz" if folder else None
        self._variables = [*model.variables, *model.optimizer.variables]

    def restored(self) -> tuple[list[list[float]], float, float]:
        """The curve, with CPU and wall seconds, of what the variables are set to; none if new."""
        if self._path is None or not self._path.exists():
            return [], 0.0, 0.0
        try:
            with np.load(self._path) as file:
                kept = [file[f"arr_{place}"] for place in range(len(self._variables))]
                rows, cpu, wall = json.loads(str(file["so_far"]))
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(
                f"checkpoints: {str(self._path)!r} cannot be read ({error}): remove it, and the "
                "run starts anew"
            ) from error
        for variable, value in zip(self._variables, kept, strict=True):
            variable.assign(value)
        return rows, cpu, wall

    def save(self, rows: list[list[float]], cpu: float, wall: float) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new.npz")
        values = [keras.ops.convert_to_numpy(variable) for variable in self._variables]
        np.savez(beside, *values, so_far=json.dumps([rows, cpu, wall]))
        beside.replace(self._path)
