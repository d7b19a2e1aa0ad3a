"""Products with the matrices of curvature against dense ones, formed in NumPy float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_norms
from keras_norms.probes.curvature import Curvature
from tests.probes.curvature.dense import (
    NORMALIZERS,
    Perceptron,
    cross_entropy,
    cross_entropy_bend,
    squared_bend,
)

EXAMPLES, INPUTS, HIDDEN, CLASSES = 7, 3, 4, 3


def data() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    x = draw.normal(size=(EXAMPLES, INPUTS)).astype(np.float32)
    return x, draw.integers(0, CLASSES, EXAMPLES)


def network(normalizer: str, activation: str) -> keras.Model:
    """One hidden layer, all weights drawn, biases and gamma too."""
    inputs = keras.Input((INPUTS,))
    hidden = keras_norms.get(normalizer)(layers.Dense(HIDDEN), activation)(inputs)
    model = keras.Model(inputs, layers.Dense(CLASSES)(hidden))
    draw = np.random.default_rng(2)
    for variable in model.trainable_variables:
        variable.assign(draw.normal(size=variable.shape) + (variable.name == "gamma"))
    return model


def numpy_twin(model: keras.Model, normalizer: str, activation: str) -> Perceptron:
    weights = [ops.convert_to_numpy(v) for v in model.trainable_variables]
    function = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}[activation]
    return Perceptron(data()[0].astype(np.float64), normalizer, function, weights)


def formed(curvature: Curvature) -> np.ndarray:
    return np.stack([curvature.product(row) for row in np.eye(curvature.size)])


def close(found: np.ndarray, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(found, wanted, atol=2e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_the_gauss_newton_matrix_of_cross_entropy(normalizer):
    x, y = data()
    model = network(normalizer, "relu")
    wanted = numpy_twin(model, normalizer, "relu").gauss_newton(cross_entropy_bend)
    curvature = Curvature(model, x, y)
    close(formed(curvature), wanted)
    found = curvature.largest(tolerance=1e-5)
    np.testing.assert_allclose(found.lambda_max, np.linalg.eigvalsh(wanted)[-1], rtol=1e-5)
    assert found.residual <= 1e-5
    assert 1 < found.iterations <= curvature.size


@pytest.mark.parametrize("normalizer", ["none", "batch"])
def test_the_gauss_newton_matrix_of_the_squared_error(normalizer):
    x, _ = data()
    y = np.random.default_rng(3).normal(size=(EXAMPLES, CLASSES))
    model = network(normalizer, "tanh")
    twin = numpy_twin(model, normalizer, "tanh")
    curvature = Curvature(model, x, y, loss="mean_squared_error")
    close(formed(curvature), twin.gauss_newton(squared_bend))
    wanted = np.mean((twin.outputs(twin.flat) - y) ** 2)
    np.testing.assert_allclose(curvature.loss(), wanted, rtol=1e-5)


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_the_hessian(normalizer):
    x, y = data()
    model = network(normalizer, "tanh")
    wanted = numpy_twin(model, normalizer, "tanh").hessian(cross_entropy(y))
    curvature = Curvature(model, x, y, matrix="hessian")
    close(formed(curvature), wanted)
    values = np.linalg.eigvalsh(wanted)
    assert values[0] < 0
    np.testing.assert_allclose(curvature.largest().lambda_max, values[-1], rtol=1e-3)


def test_softmax_regression_at_zero_in_closed_form():
    x, y = data()
    model = keras.Sequential([layers.Dense(CLASSES, "softmax", use_bias=False)])
    model(x)
    model.layers[0].kernel.assign(np.zeros((INPUTS, CLASSES)))
    found = Curvature(model, x, y, from_logits=False).largest()
    # (1/C) (I - 1 1^T / C) times the inputs' second moments: C - 1 equal eigenvalues.
    wanted = np.linalg.eigvalsh(x.T @ x / EXAMPLES)[-1] / CLASSES
    np.testing.assert_allclose(found.lambda_max, wanted, rtol=1e-5)
    np.testing.assert_allclose(found.loss, np.log(CLASSES), rtol=1e-6)


def test_probabilities_give_the_matrix_of_their_logits():
    x, y = data()
    model = network("batch", "relu")
    probabilities = keras.Model(model.input, layers.Softmax()(model.output))
    one_hot = np.eye(CLASSES)[y]
    ours = Curvature(probabilities, x, one_hot, from_logits=False)
    theirs = Curvature(model, x, y)
    close(formed(ours), formed(theirs))
    np.testing.assert_allclose(ours.loss(), theirs.loss(), rtol=1e-5)


def test_every_position_of_a_map_counts_as_an_example():
    draw = np.random.default_rng(4)
    x, y = draw.normal(size=(2, 5, INPUTS)), draw.integers(0, CLASSES, (2, 5, 1))
    flat = keras.Sequential([keras.Input((INPUTS,)), layers.Dense(CLASSES)])
    mapped = keras.Sequential([keras.Input((5, INPUTS)), layers.Dense(CLASSES)])
    mapped.set_weights(flat.get_weights())
    close(
        formed(Curvature(mapped, x, y)),
        formed(Curvature(flat, x.reshape(10, -1), y.reshape(10))),
    )


def test_a_model_is_left_as_it_was():
    x, y = data()
    model = network("batch", "relu")
    before = [ops.convert_to_numpy(v).copy() for v in model.variables]
    for matrix in ("gauss_newton", "hessian"):
        Curvature(model, x, y, matrix=matrix).largest()
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


def test_new_weights_count_without_a_new_object():
    x, y = data()
    model = network("layer", "relu")
    curvature = Curvature(model, x, y)
    before = curvature.largest()
    for variable in model.trainable_variables:
        variable.assign(ops.convert_to_numpy(variable) * 1.5)
    after = curvature.largest()
    assert after == Curvature(model, x, y).largest()
    assert after.loss != before.loss
    assert abs(after.lambda_max / before.lambda_max - 1) > 0.1


def test_dropout_keeps_its_mask():
    x, y = data()
    inputs = keras.Input((INPUTS,))
    hidden = layers.Dropout(0.5)(layers.Dense(20, "relu")(inputs))
    model = keras.Model(inputs, layers.Dense(CLASSES)(hidden))
    matrix = formed(Curvature(model, x, y))
    close(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-5


def test_convolutions_and_a_fused_batch_normalization():
    draw = np.random.default_rng(5)
    x, y = draw.normal(size=(6, 4, 4, 2)).astype(np.float32), draw.integers(0, 3, 6)
    model = keras.Sequential([
        keras.Input((4, 4, 2)), layers.Conv2D(3, 3), keras_norms.layers.BatchNormalization(),
        layers.Activation("tanh"), layers.Flatten(), layers.Dense(3),
    ])  # fmt: skip
    curvature = Curvature(model, x, y, matrix="hessian")
    direction = draw.normal(size=curvature.size)
    direction /= np.linalg.norm(direction)
    # The same from losses alone: the second difference along the direction.
    start = [ops.convert_to_numpy(v) for v in model.trainable_variables]
    losses = []
    for step in (-0.05, 0.0, 0.05):
        at = 0
        for variable, value in zip(model.trainable_variables, start, strict=True):
            piece = direction[at : at + value.size].reshape(value.shape)
            variable.assign(value + step * piece)
            at += value.size
        losses.append(curvature.loss())
        if not step:
            along = direction @ curvature.product(direction)
    second = (losses[0] - 2 * losses[1] + losses[2]) / 0.05**2
    np.testing.assert_allclose(along, second, rtol=0.02, atol=5e-4)


def test_weights_that_are_not_finite():
    x, y = data()
    model = network("none", "relu")
    model.trainable_variables[0].assign(np.full((INPUTS, HIDDEN), np.nan))
    found = Curvature(model, x, y).largest()
    assert np.isnan(found.lambda_max)
    assert np.isnan(found.residual)


@pytest.mark.parametrize(("options", "y", "said"), [
    ({"loss": "hinge"}, [0] * 7, "`loss`.*'hinge'"),
    ({"matrix": "fisher"}, [0] * 7, "`matrix`.*'fisher'"),
    ({"from_logits": False}, [0] * 7, "from_logits=True"),
    ({}, [0] * 6, r"\(7, 3\).*\(6,\)"),
    ({}, [3] * 7, "0 to 2.*3 to 3"),
    ({}, [0.5] * 7, "0 to 2"),
    ({"loss": "mean_squared_error"}, [0] * 7, r"\(7, 3\).*\(7,\)"),
])  # fmt: skip
def test_bad_input(options, y, said):
    with pytest.raises(ValueError, match=said):
        Curvature(network("none", "relu"), data()[0], y, **options)


def test_models_that_do_not_fit():
    x, y = data()
    inputs = keras.Input((INPUTS,))
    with pytest.raises(ValueError, match="call it on data"):
        Curvature(keras.Sequential([layers.Dense(2)]), x, y)
    with pytest.raises(ValueError, match="2 outputs"):
        Curvature(keras.Model(inputs, [layers.Dense(2)(inputs)] * 2), x, y)
    with pytest.raises(ValueError, match="two classes"):
        Curvature(keras.Model(inputs, layers.Dense(1)(inputs)), x, y)
    with pytest.raises(ValueError, match="from_logits=False"):
        Curvature(keras.Model(inputs, layers.Dense(3, "softmax")(inputs)), x, y)


@pytest.mark.parametrize(("options", "said"), [
    ({"tolerance": 0.0}, "`tolerance`.*0.0"),
    ({"tolerance": float("nan")}, "`tolerance`.*nan"),
    ({"iterations": 0}, "`iterations`.*0"),
])  # fmt: skip
def test_bad_options_of_largest(options, said):
    with pytest.raises(ValueError, match=said):
        Curvature(network("none", "relu"), *data()).largest(**options)
