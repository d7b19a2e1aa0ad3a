"""What the compiled step does besides SGD: optimizers, parts, crops, full batches, early stops."""

from __future__ import annotations

import dataclasses
import math

import keras
import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run
from keras_norms.lab.training.batch_order import batch_indices, moves
from keras_norms.lab.training.engines import moved
from keras_norms.lab.training.initialization import build
from keras_norms.lab.training.parameter_groups import swept
from keras_norms.lab.training.program import Program
from tests.lab.training.small import small_data, small_run, train_on

RATE, STEPS = 0.01, 4
ADAM = {"b1": 0.9, "b2": 0.999, "e": 1e-7}


def gradients(run: Run, values: list[np.ndarray], batch: np.ndarray) -> list[np.ndarray]:
    """Of a network without normalizer and one hidden layer of tanh, in float64."""
    data, (w, b, v, c) = small_data(), values
    x, y = data.x_train[batch].reshape(len(batch), -1).astype(float), data.y_train[batch]
    h = np.tanh(x @ w + b)
    logits = h @ v + c
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    g = (odds / odds.sum(axis=1, keepdims=True) - np.eye(3)[y]) / len(y)
    back = g @ v.T * (1 - h**2)
    return [x.T @ back, back.sum(0), h.T @ g, g.sum(0)]


def orthogonalized(update: np.ndarray) -> np.ndarray:
    """Five Newton-Schulz steps, scaled as in Moonlight (arXiv 2502.16982)."""
    tall = update.shape[0] > update.shape[1]
    x = update.T if tall else update
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return 0.2 * math.sqrt(max(update.shape)) * (x.T if tall else x)


def by_hand(run: Run, learns: list[float]) -> list[np.ndarray]:
    """The weights after the run; `learns` has each variable's learning rate."""
    name, given = run.of("optimizer").name, run.of("optimizer").arguments
    network = build(run, small_data(), run.seed)
    values = [np.array(w, float) for w in network.get_weights()]
    first, second = ([np.zeros_like(value) for value in values] for _ in range(2))
    order = batch_indices(50, run.batch, run.steps, run.seed)
    for step, batch in enumerate(order, start=1):
        slopes = gradients(run, values, batch)
        for k, (value, g, rate) in enumerate(zip(values, slopes, learns, strict=True)):
            decay = given.get("decay", 0.0) if value.ndim == 2 else 0.0
            kept = value * (1 - rate * decay)
            if name == "lion":
                update = np.sign(0.9 * first[k] + 0.1 * g)
                first[k] = 0.99 * first[k] + 0.01 * g
            elif name == "sgd":
                first[k] = 0.9 * first[k] + g
                update = g + 0.9 * first[k]
            elif name == "muon" and value.ndim == 2:
                first[k] = 0.95 * first[k] + g
                update = orthogonalized(g + 0.95 * first[k])
            else:
                first[k] = 0.9 * first[k] + 0.1 * g
                second[k] = 0.999 * second[k] + 0.001 * g**2
                unbiased = math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                update = unbiased * first[k] / (np.sqrt(second[k]) + 1e-7)
            values[k] = kept - rate * update
    return values


@pytest.mark.full
@pytest.mark.parametrize("parts", ["all", "body", "kernels"])
@pytest.mark.parametrize(
    "optimizer", ["sgd:momentum=0.9,nesterov=true", "adam", "adamw:decay=0.5", "lion:decay=0.5",
                  "muon:decay=0.5"]
)  # fmt: skip
def test_optimizers_are_those_of_the_papers(optimizer: str, parts: str):
    joint = "," if ":" in optimizer else ":"
    run = small_run(depth=1, activation="tanh", steps=STEPS, learning_rate=RATE)
    spec = f"{optimizer}{joint}applies_to={parts},rest_rate=0.002"
    run = dataclasses.replace(run, optimizer=spec)
    program = Program(run, small_data())
    train_on(program, run)
    chosen = {"all": [1, 1, 1, 1], "body": [1, 1, 0, 0], "kernels": [1, 0, 0, 0]}[parts]
    model = program.engine.current()
    assert [*swept(model, parts)] == [bool(one) for one in chosen]
    # Keras decays by the learning rate of the optimizer, of which a part takes its share.
    expected = by_hand(run, [RATE if one else 0.002 for one in chosen])
    for value, wanted in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=2e-5)


def test_images_are_moved_as_in_numpy():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(7, 4, 5, 2)).astype(np.float32)
    batch = np.array([3, 3, 0, 6, 1], np.int32)
    given = moves(2, 1, 5, seed=9, flip=True, crop=2)[0]
    found = keras.ops.convert_to_numpy(
        moved(*map(keras.ops.convert_to_tensor, (images, batch, given)), 2)
    )
    padded = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)])
    for image, which, (row, column, mirrored) in zip(found, batch, given, strict=True):
        cut = padded[which, row : row + 4, column : column + 5]
        np.testing.assert_array_equal(image, cut[:, ::-1] if mirrored else cut)


@pytest.mark.once
def test_moves_are_those_of_their_step():
    whole, rest = moves(0, 6, 64, 3, flip=True, crop=4), moves(4, 2, 64, 3, flip=True, crop=4)
    np.testing.assert_array_equal(whole[4:], rest)
    assert not np.array_equal(whole[0], whole[1])
    assert not np.array_equal(whole, moves(0, 6, 64, 4, flip=True, crop=4))
    assert sorted(set(whole[..., 0].ravel())) == list(range(9))
    assert 0.3 < whole[..., 2].mean() < 0.7
    assert not moves(0, 6, 64, 3, flip=False, crop=0).any()


@pytest.mark.full
def test_augmentation_is_part_of_the_training_and_not_of_the_test():
    plain = small_run(learning_rate=1e-9, steps=3)
    moving = dataclasses.replace(plain, data="digits:flip=true,crop=1")
    one, other = (train_on(Program(run, small_data()), run) for run in (plain, moving))
    assert one.losses.tolist() != other.losses.tolist()
    assert one.final("test_loss") == pytest.approx(other.final("test_loss"), abs=1e-6)


def test_a_full_batch_is_all_examples_in_each_step():
    run = small_run(depth=1, activation="tanh", batch=0, learning_rate=1e-9, steps=3)
    losses = train_on(Program(run, small_data()), run).losses
    assert losses == pytest.approx(losses[0], abs=1e-5)
    np.testing.assert_array_equal(batch_indices(5, 0, 2, 7), [range(5)] * 2)


def test_it_stops_at_an_accuracy():
    run = small_run(steps=400, evaluate_every=10)
    program = Program(run, small_data())
    whole = train_on(program, run)
    stopped = train_on(program, dataclasses.replace(run, stop_at=0.9))
    reached = [accuracy >= 0.9 for accuracy in whole.curve["train_accuracy"]].index(True)
    assert stopped.curve == {name: column[: reached + 1] for name, column in whole.curve.items()}
    assert len(stopped.losses) == stopped.final("step") < 400
    np.testing.assert_array_equal(stopped.losses, whole.losses[: len(stopped.losses)])


@pytest.mark.full
def test_predictions_are_kept():
    run = small_run(steps=60, keep_predictions=True)
    data = small_data()
    outcome = train_on(Program(run, data), run)
    assert outcome.predictions.dtype == np.uint8
    assert (outcome.predictions == data.y_test).mean() == pytest.approx(
        outcome.final("test_accuracy"), abs=1e-6
    )
    many = dataclasses.replace(data, classes=300)
    with pytest.raises(BadInput, match=r"keep_predictions=True.*'small' has 300"):
        train_on(Program(run, many), run)


def test_every_loss_is_kept():
    run = small_run(steps=9, evaluate_every=3)
    outcome = train_on(Program(run, small_data()), run)
    means = outcome.losses.reshape(3, 3).astype(float).mean(axis=1)
    assert [*means] == pytest.approx([*outcome.curve["train_loss"]], rel=1e-6)


@pytest.mark.full
def test_initial_weights_are_an_argument_of_the_program():
    run = small_run(steps=2)
    program = Program(run, small_data())
    other = dataclasses.replace(run, initializer="orthogonal:gain=2")
    assert other.program == run.program
    found = train_on(program, other)
    assert found == train_on(Program(other, small_data()), other)
    assert found != train_on(program, run)


@pytest.mark.full
def test_a_model_a_normalizer_and_an_optimizer_of_the_user(tmp_path, monkeypatch):
    (tmp_path / "theirs.py").write_text(
        "import keras\n"
        "def build(scheme, input_shape, classes, units=4):\n"
        "    inputs = keras.Input(input_shape)\n"
        "    x = scheme(keras.layers.Dense(units), 'relu')(keras.layers.Flatten()(inputs))\n"
        "    return keras.Model(inputs, keras.layers.Dense(classes)(x))\n"
        "def bare(input_shape, classes):\n"
        "    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(),\n"
        "                             keras.layers.Dense(classes)])\n"
        "def norm(axis=-1):\n"
        "    return keras.layers.LayerNormalization(axis=axis)\n"
        "def adam(beta=0.9):\n"
        "    return keras.optimizers.Adam(beta_1=beta)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    run = Run(
        model="@theirs.build:units=6", normalizer="@theirs.norm", optimizer="@theirs.adam:beta=0.5",
        learning_rate=0.05, batch=12, steps=60,
    )  # fmt: skip
    outcome = train_on(Program(run, small_data()), run)
    assert outcome.verdict.trained
    run = dataclasses.replace(run, model="@theirs.bare")
    with pytest.raises(BadInput, match="it has no parameter `scheme`"):
        Program(run, small_data())
    run = dataclasses.replace(run, normalizer="none", optimizer="@theirs.norm")
    with pytest.raises(BadInput, match=r"return a keras.optimizers.Optimizer"):
        Program(run, small_data())


def test_an_optimizer_around_another_steps_at_the_rate_of_the_run(tmp_path, monkeypatch):
    """What never clips is SGD, at any rate."""
    (tmp_path / "around.py").write_text(
        "from keras_norms.normfree import AdaptiveGradientClipping\n"
        "def loose():\n"
        "    return AdaptiveGradientClipping('sgd', clipping=1e9)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    run = small_run(learning_rate=0.07, batch=12, steps=STEPS)
    around = dataclasses.replace(run, optimizer="@around.loose")
    plain, wrapped = (train_on(Program(one, small_data()), one) for one in (run, around))
    np.testing.assert_allclose(wrapped.losses, plain.losses, rtol=1e-6)
