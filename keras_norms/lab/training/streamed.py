"""The loop of a run whose images come as a stream: trained by Keras's own `fit`, in pieces.

A piece ends at each evaluation and then everything is there that the next one starts from. Keras's
`BackupAndRestore` would not do: it leaves out the states of random generators, so that a network
with dropout continues otherwise than it would have, and it knows nothing of where the stream is.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_norms.lab.data import streams
from keras_norms.lab.data.streams import Stream
from keras_norms.lab.edges.verdict import Verdict, blown_up_at, classify
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import optimizers, schedules
from keras_norms.lab.training.checkpoint import Keeper, Reached
from keras_norms.lab.training.initialization import build
from keras_norms.lab.training.looking import Look, Looks
from keras_norms.lab.training.options import PARTS
from keras_norms.lab.training.outcome import COLUMNS, Outcome

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

METRICS = ("cross_entropy", "accuracy")  # `fit`'s own loss has the L2 term in it


def train(
    run: Run,
    *,
    data_dir: str | Path | None = None,
    on_step: Callable[[Run, int], None] | None = None,
    on_point: Callable[[Run, dict[str, float]], None] | None = None,
    replicas: bool = False,
) -> Outcome:
    """Trains a run on its stream.

    The losses by which it blows up are means over a piece, so `blew_up_at` is the first step of
    one; they are what `losses` and `accuracies` of the outcome hold.

    Args:
        run: what to train.
        data_dir: where TFDS has prepared sets.
        on_step: called with a run and the number of steps it has done, after each piece.
        on_point: called with a run and each point of its curve, by column.
        replicas: train on all devices of the machine, each with its part of the batch.

    Raises:
        BadInput: data that are not there; a batch that the devices cannot share; what a stream
            cannot have.
    """
    _require_possible(run)
    stream = streams.opened(run.of("data"), data_dir)
    with _on_all_devices(run.batch) if replicas else contextlib.nullcontext():
        model = _compiled(run, stream)
        reached, verdict, piece = _follow(run, stream, model, on_step, on_point)
    every = run.evaluate_every or run.steps
    return Outcome(
        run=run,
        verdict=verdict,
        blew_up_at=None if piece is None else piece * every,
        curve=dict(zip(COLUMNS, zip(*reached.rows, strict=True), strict=True)),
        losses=np.array(reached.losses, np.float32),
        accuracies=np.array(reached.accuracies, np.float32),
        probed=reached.probed,
        cost=reached.cost,
    )


def _follow(
    run: Run,
    stream: Stream,
    model: keras.Model,
    on_step: Callable[[Run, int], None] | None,
    on_point: Callable[[Run, dict[str, float]], None] | None,
) -> tuple[Reached, Verdict, int | None]:
    """How far the run came; the verdict, and the piece in which it blew up."""
    keeper = Keeper(run, stream)
    variables = [list(model.variables), list(model.optimizer.variables)]
    reached, reshuffle = Reached(), run.of("data").arguments["reshuffle"]
    if found := keeper.read():
        reached = found.reached
        for held, values in zip(variables, (found.values, found.optimizer), strict=True):
            for variable, value in zip(held, values, strict=True):
                variable.assign(value)
    keeper.start(reached.cost, 0.0)
    looks = Looks(run, reached.probed)
    losses, accuracies, rows = reached.losses, reached.accuracies, reached.rows

    def look() -> Look:
        x, y = next(iter(stream.training(done, 1, run.batch, run.seed, reshuffle)))
        x, y = (np.asarray(keras.ops.convert_to_numpy(array)) for array in (x, y))
        rate = float(schedules.factor(np, run.schedule, np.float64(done), run.steps))
        return Look(done, model, stream, x, y, run.learning_rate * rate, run.seed)

    for row in rows:
        _report(on_point, run, row)
    done = int(rows[-1][0]) if rows else 0
    while done < run.steps and not _ended(run, reached, stream.classes):
        steps = min(run.evaluate_every or run.steps, run.steps - done)
        history = model.fit(
            stream.training(done, steps, run.batch, run.seed, reshuffle),
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=[_Seeded(run.seed, done)],
        ).history
        tested = model.evaluate(stream.testing(run.batch), verbose=0, return_dict=True)
        done += steps
        trained = {name: values[-1] for name, values in history.items()}
        rows.append((done, *(float(m[name]) for m in (trained, tested) for name in METRICS)))
        losses.append(rows[-1][1])
        accuracies.append(rows[-1][2])
        looks.at_evaluation(look)
        if keeper.due():
            keeper.write(reached, *([_value(v) for v in held] for held in variables))
        _report(on_point, run, rows[-1])
        if on_step is not None:
            on_step(run, done)
    reached.cost = keeper.cost()
    verdict, piece = classify(losses, accuracies, stream.classes)
    if verdict is Verdict.DEAD and rows[0][0] > 1:
        verdict = Verdict.BLEW_UP  # the mean of several steps, of which the first was before any
    if not verdict.blown and not math.isfinite(rows[-1][3]):
        verdict, piece = Verdict.BLEW_UP, len(rows) - 1  # by the last updates of all
    return reached, verdict, piece


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


class _Rate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of a run by step, in the backend."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def __call__(self, step: Any) -> Any:
        run, step = self._run, keras.ops.cast(step, "float32")
        return run.learning_rate * schedules.factor(keras.ops, run.schedule, step, run.steps)

    def get_config(self) -> dict[str, Any]:
        return {"run": self._run.as_dict()}


def _compiled(run: Run, stream: Stream) -> keras.Model:
    model = build(run, stream, run.seed)
    optimizer = run.of("optimizer")
    l2 = optimizer.arguments["l2"]
    for variable in model.trainable_variables:
        if l2 and len(variable.shape) >= 2:  # kernels
            variable.regularizer = keras.regularizers.L2(l2)
    constant = run.schedule == schedules.CONSTANT
    model.compile(
        optimizers.make(optimizer, model, run.learning_rate if constant else _Rate(run)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name=METRICS[0]),
            keras.metrics.SparseCategoricalAccuracy(name=METRICS[1]),
        ],
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _require_possible(run: Run) -> None:
    """Raises BadInput for what only images in memory can have."""
    for probe in run.probes:
        if ":at=" in probe or ",at=" in probe:
            raise BadInput(f"Invalid probes={probe!r}: probes of a stream look at evaluations")
    if not run.batch:
        raise BadInput("Invalid batch=0: a stream has no full batch; write a number")
    if run.keep_predictions:
        raise BadInput("Invalid keep_predictions=True: predictions on a stream are not kept")
    if run.of("optimizer").arguments["applies_to"] != PARTS[0]:
        raise BadInput(
            f"Invalid optimizer={run.optimizer!r}: on a stream all variables learn at one rate; "
            "leave applies_to out"
        )


def _ended(run: Run, reached: Reached, classes: int) -> bool:
    enough = run.stop_at and reached.accuracies and reached.accuracies[-1] >= run.stop_at
    return bool(enough) or blown_up_at(reached.losses, classes) is not None


def _report(on_point: Callable | None, run: Run, row: tuple[float, ...]) -> None:
    if on_point is not None:
        on_point(run, dict(zip(COLUMNS, row, strict=True)))


def _value(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))


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
            f"Invalid batch={batch}: {devices} devices cannot share it; write a multiple of "
            f"{devices}, or leave `replicas` out"
        )
