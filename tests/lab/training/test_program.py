"""The compiled program against the same training written out in NumPy."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.batch_order import batch_indices
from keras_norms.lab.training.initialization import build
from keras_norms.lab.training.program import Program
from keras_norms.lab.training.run import Run
from tests.lab.training.numpy_mlp import Layer, Perceptron
from tests.lab.training.small import small_data, small_run, train_on

DECAY = 0.9


def perceptron(run: Run) -> Perceptron:
    """With the weights that the program starts from."""
    layers: list[Layer] = []
    for layer in build(run, small_data(), run.seed).layers:
        weights = [np.array(weight, np.float64) for weight in layer.get_weights()]
        if isinstance(layer, keras.layers.Dense):
            layers.append(Layer(*weights))
        elif weights:
            names = "gamma", "beta", "moving_mean", "moving_variance"
            for name, weight in zip(names, weights, strict=True):
                setattr(layers[-1], name, weight)
    layers[-1].activated = False
    return Perceptron(layers, DECAY)


def first_rates(run: Run, model: Perceptron) -> list[dict[str, float]]:
    """The learning rate of each variable at step zero, layer by layer, the head last."""
    chosen = run.of("optimizer").arguments
    learns = {
        "all": lambda name, head: True,
        "body": lambda name, head: not head,
        "kernels": lambda name, head: not head and name == "kernel",
    }[chosen["applies_to"]]
    return [
        {
            name: run.learning_rate
            if learns(name, layer is model.layers[-1])
            else chosen["rest_rate"]
            for name in ("kernel", "bias", "gamma", "beta")
        }
        for layer in model.layers
    ]


def by_hand(run: Run) -> np.ndarray:
    """Rows of train loss and accuracy, test loss and accuracy, one a step."""
    data, model, rows = small_data(), perceptron(run), []
    indices = batch_indices(len(data.y_train), run.batch, run.steps, run.seed)
    halving = 3 if run.schedule != "constant" else np.inf
    for step, batch in enumerate(indices):
        decay = 0.5 ** (step / halving)
        rates = [
            {name: decay * rate for name, rate in own.items()} for own in first_rates(run, model)
        ]
        chosen = run.of("optimizer").arguments
        trained = model.train_step(
            data.x_train[batch], data.y_train[batch], rates, chosen["momentum"], chosen["l2"]
        )
        rows.append((*trained, *model.test(data.x_test, data.y_test)))
    return np.array(rows)


@pytest.mark.full
@pytest.mark.parametrize("normalizer", ["none", f"batch:momentum={DECAY}"])
def test_program_is_sgd(normalizer: str):
    """One compiled program, three trainings; every loss, before and after every update."""
    common = {"normalizer": normalizer, "momentum": 0.8, "evaluate_every": 1, "seed": 4}
    program = Program(small_run(**common, l2=0.01), small_data())
    halving = {"schedule": "exponential:decay=0.5,every=3", "learning_rate": 0.3}
    others = (
        halving,
        {"seed": 5},
        {**halving, "applies_to": "kernels", "rest_rate": 0.05},
        {"applies_to": "body", "rest_rate": 0.0, "l2": 0.3},
    )
    for fields in ({}, *others):
        run = small_run(**{**common, "l2": 0.03, **fields})
        curve = train_on(program, run).curve
        assert curve["step"] == tuple(range(1, run.steps + 1))
        found = np.column_stack([curve[name] for name in list(curve)[1:]])
        np.testing.assert_allclose(found, by_hand(run), atol=1e-4)


def test_without_momentum_and_penalty():
    run = small_run(evaluate_every=1, learning_rate=0.5)
    curve = train_on(Program(run, small_data()), run).curve
    np.testing.assert_allclose(curve["train_loss"], by_hand(run)[:, 0], atol=1e-4)


@pytest.mark.parametrize("every", [0, 1, 3, 4, 8, 100])
def test_points_are_evaluations_and_the_end(every: int):
    """Train columns are means since the point before, whether or not the last is a whole one."""
    run = small_run(seed=4, evaluate_every=every)
    outcome = train_on(_shared_program(), run)
    steps = [*range(every, 8, every), 8] if every else [8]
    assert outcome.curve["step"] == tuple(steps)
    expected = by_hand(run)
    starts = [0, *steps[:-1]]
    means = [expected[a:b, :2].mean(0) for a, b in zip(starts, steps, strict=True)]
    found = np.column_stack([outcome.curve["train_loss"], outcome.curve["train_accuracy"]])
    np.testing.assert_allclose(found, means, atol=1e-4)
    tests = np.column_stack([outcome.curve["test_loss"], outcome.curve["test_accuracy"]])
    np.testing.assert_allclose(tests, expected[np.array(steps) - 1, 2:], atol=1e-4)


_PROGRAMS: dict[str, Program] = {}


def _shared_program() -> Program:
    return _PROGRAMS.setdefault("plain", Program(small_run(), small_data()))


def test_a_test_set_in_several_pieces_is_averaged_over_examples(monkeypatch: pytest.MonkeyPatch):
    run = small_run(seed=4)
    monkeypatch.setattr("keras_norms.lab.training.engines.TEST_BATCH", 8)  # 8 + 8 + 5
    outcome = train_on(_shared_program(), run)
    np.testing.assert_allclose(outcome.final("test_loss"), by_hand(run)[-1, 2], atol=1e-4)
    np.testing.assert_allclose(outcome.final("test_accuracy"), by_hand(run)[-1, 3], atol=1e-6)


@pytest.mark.full
def test_mixed_precision():
    run = small_run(precision="mixed_bfloat16", normalizer="batch:momentum=0.9", steps=30)
    policy = keras.config.dtype_policy().name
    model = build(run, small_data(), 0)
    assert {layer.compute_dtype for layer in model.layers[1:-1]} == {"bfloat16"}
    assert model.layers[-1].compute_dtype == "float32"
    assert {str(weight.dtype) for weight in model.trainable_weights} == {"float32"}
    mixed = train_on(Program(run, small_data()), run)
    plain = dataclasses.replace(run, precision="float32")
    exact = train_on(Program(plain, small_data()), plain)
    assert keras.config.dtype_policy().name == policy
    assert mixed.curve != exact.curve
    assert mixed.final("test_loss") == pytest.approx(exact.final("test_loss"), abs=0.1)


def test_l2_is_on_kernels_alone_and_not_in_the_losses():
    run = small_run(normalizer="batch:momentum=0.9", l2=100.0, learning_rate=1e-6, steps=1)
    found = train_on(Program(run, small_data()), run)
    assert found.final("train_loss") == pytest.approx(by_hand(run)[0, 0], abs=1e-4)


@pytest.mark.once
def test_a_batch_larger_than_the_data():
    with pytest.raises(BadInput, match="batch=51: 'small' has 50 training examples"):
        Program(small_run(batch=51), small_data())


@pytest.mark.once
def test_a_run_for_another_backend():
    other = "torch" if keras.config.backend() != "torch" else "jax"
    with pytest.raises(BadInput, match=rf"backend='{other}'.*; set KERAS_BACKEND={other}"):
        Program(small_run(backend=other), small_data())
