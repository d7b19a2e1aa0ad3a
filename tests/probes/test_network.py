"""Losses, gradients and signals against central differences; nothing of the model changes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.probes.cancellation import kernel_sums
from keras_norms.probes.moments import layers_of
from keras_norms.probes.network import Network
from keras_norms.probes.ray import Ray, diverges_at
from tests.probes.small_networks import batch, convolutional, values

STEP = 2e-3


@pytest.fixture(params=[False, True], ids=["plain", "batch"])
def model(request: pytest.FixtureRequest) -> keras.Model:
    return convolutional(normalized=request.param)


def test_the_loss_is_that_of_training(model: keras.Model):
    x, y = batch()
    logits = keras.ops.convert_to_numpy(model(x, training=True)).astype(float)
    log = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert Network(model).loss(x, y) == pytest.approx(-log[np.arange(6), y].mean(), rel=1e-5)


def test_gradients_in_the_weights(model: keras.Model):
    x, y = batch()
    network = Network(model, layers_of(model, "linear"))
    seen, weights = network.look(x, y), network.weights()
    assert seen.loss == pytest.approx(network.loss(x, y), rel=1e-5)
    rng = np.random.default_rng(1)
    for _ in range(5):
        direction = [rng.normal(size=w.shape).astype(np.float32) for w in weights]
        ends = [
            network.loss(x, y, [w + s * d for w, d in zip(weights, direction, strict=True)])
            for s in (STEP, -STEP)
        ]
        slope = sum(float((g * d).sum()) for g, d in zip(seen.gradients, direction, strict=True))
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * STEP), rel=0.02, abs=2e-3)


def test_signals_of_every_linear_layer(model: keras.Model):
    """The head's in closed form, the others' by the chain rule: kernel gradients from them."""
    x, y = batch()
    network = Network(model, layers_of(model, "linear"))
    seen = network.look(x, y)
    assert [signal.layer for signal in seen.signals] == ["first", "second", "third", "head"]
    head = seen.signals[-1]
    odds = np.exp(head.output.astype(float))
    expected = (odds / odds.sum(axis=1, keepdims=True) - np.eye(3)[y]) / len(y)
    np.testing.assert_allclose(head.gradient, expected, atol=1e-6)
    places = {id(v): k for k, v in enumerate(model.trainable_variables)}
    for layer, signal in zip(network.layers, seen.signals, strict=True):
        slopes = [seen.gradients[places[id(v)]] for v in (layer.kernel, layer.bias)]
        axes = tuple(range(signal.gradient.ndim - 1))
        np.testing.assert_allclose(signal.gradient.sum(axis=axes), slopes[1], atol=1e-5)
        if layer.name == "third":  # 1x1 of stride 2
            gradient = np.einsum("bhwi,bhwo->io", signal.input[:, ::2, ::2], signal.gradient)
            np.testing.assert_allclose(gradient, slopes[0][0, 0], atol=1e-5)
        if layer.name == "head":
            np.testing.assert_allclose(signal.input.T @ signal.gradient, slopes[0], atol=1e-5)


def test_sums_over_images_and_places(model: keras.Model):
    """The last is the gradient by autodiff, and the triangle inequalities hold."""
    x, y = batch()
    network = Network(model, layers_of(model, "linear")[:3])
    seen = network.look(x, y)
    places = {id(v): k for k, v in enumerate(model.trainable_variables)}
    for layer, signal in zip(network.layers, seen.signals, strict=True):
        sums = kernel_sums(layer, signal, 12, np.random.default_rng(3))
        draw = np.random.default_rng(3)
        slopes = seen.gradients[places[id(layer.kernel)]]
        for a, b, c, d in zip(*sums.values(), strict=True):
            entry = tuple(int(draw.integers(size)) for size in slopes.shape)
            assert d == pytest.approx(abs(slopes[entry]), abs=1e-6)
            assert a >= max(b, c) - 1e-9
            assert min(b, c) >= d - 1e-9
    with pytest.raises(ValueError, match=r"'head'.*must be a Conv2D"):
        kernel_sums(model.get_layer("head"), seen.signals[0], 1, np.random.default_rng(0))


def test_the_walk_along_the_gradient(model: keras.Model):
    x, y = batch()
    network = Network(model, [model.get_layer("sum")])
    ray, steps = Ray(network, x, y), [0.0, 1e-3, 0.1, 1e5]
    losses = ray.losses(steps)
    assert losses[0] == pytest.approx(ray.loss, rel=1e-6)
    assert (losses[1] - losses[0]) / 1e-3 == pytest.approx(-(ray.norm**2), rel=0.1)
    before = values(model)
    weights = network.weights()
    slopes = network.look(x, y).gradients
    for variable, weight, slope in zip(model.trainable_variables, weights, slopes, strict=True):
        variable.assign(weight - 0.1 * slope)
    assert losses[2] == pytest.approx(network.loss(x, y), rel=1e-4)
    ((name, moved),) = network.outputs(x, y)
    assert name == "sum"
    assert ray.gradient_change(0.1) == pytest.approx(
        float(np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(
            network.look(x, y).gradients, slopes, strict=True)))), rel=1e-3
    )  # fmt: skip
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(ray.outputs(0.1)[0][1], moved, atol=1e-5)


def test_where_a_walk_diverges():
    assert diverges_at([1, 2, 3], [1.0, 1e3, 1001.0], 1.0) == 3
    assert diverges_at([1, 2, 3], [1.0, float("nan"), 2.0], 1.0) == 2
    assert diverges_at([1, 2], [1.0, 2.0], 1.0) == float("inf")


def test_nothing_of_the_model_changes_and_a_dropped_unit_stays_dropped():
    model, (x, y) = convolutional(normalized=True, dropout=0.5), batch()
    before = values(model)
    network = Network(model, layers_of(model, "linear"))
    first = network.look(x, y)
    Ray(network, x, y).losses([0.1, 1.0])
    assert network.look(x, y).loss == first.loss
    for one, other in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert all("call" not in layer.__dict__ for layer in model.layers)
