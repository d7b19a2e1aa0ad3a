"""Ioffe & Szegedy 2015, Section 2: what happens where the step ignores the normalization."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from keras_norms.layers import BatchNormalization
from tests.gradients import BACKEND, COMPILED, MODES, array, double, program

STEPS, EPOCHS, RATE = 500, 20, 0.1


class Example(keras.layers.Layer):
    """x = u + b, normalized; out comes every value's loss, (y - xhat)^2 / 2."""

    def __init__(self, target, statistics_gradient):
        super().__init__(dtype="float64")
        self.target = target
        self.normalize = BatchNormalization(
            epsilon=0.0,
            center=False,
            scale=False,
            statistics_gradient=statistics_gradient,
            dtype="float64",
        )

    def build(self, shape):
        self.b = self.add_weight(name="b", shape=shape[-1:])
        self.normalize.build(shape)

    def call(self, u, mask=None):
        error = self.normalize(u + self.b, training=True) - ops.convert_to_tensor(self.target)
        return 0.5 * error * error


def descend(mode, statistics_gradient):
    """b and the loss at each step, and the targets' means."""
    rng = np.random.default_rng(0)
    u, target = rng.normal(size=(20, 3)), rng.normal(1.0, 1.0, (20, 3))
    u = u / u.std(axis=0)  # the division by the deviation then does nothing, as in the example
    with double():
        layer = Example(target, statistics_gradient)
        layer.build(u.shape)
        layer.b.assign([-1.0, 0.0, 2.0])
        step, path, losses = program(layer, mode), [], []
        for _ in range(STEPS):
            path.append(array(layer.b.value))
            got = step(u, np.full(u.shape, 1 / len(u)))
            losses.append(got.output.mean())
            layer.b.assign(path[-1] - RATE * got.weights["b"])
        path.append(array(layer.b.value))
    return np.array(path), np.array(losses), target.mean(axis=0)


@pytest.mark.parametrize("mode", MODES[-1:])
def test_ioffe15_sec2_bias_grows_for_ever_and_changes_nothing(mode):
    """The gradient of b is then the mean of xhat - y, that of the targets but for the sign."""
    path, losses, mean = descend(mode, statistics_gradient=False)
    assert np.abs(losses - losses[0]).max() < 1e-9
    assert np.abs(mean).min() > 0.1
    moved, time = np.abs(path - path[0]), np.arange(STEPS + 1)
    for channel, gradient in zip(moved.T, np.abs(mean), strict=True):
        assert np.corrcoef(time, channel)[0, 1] ** 2 > 0.999
        np.testing.assert_allclose(np.polyfit(time, channel, 1)[0], RATE * gradient, rtol=1e-9)


@pytest.mark.parametrize("mode", MODES[-1:])
def test_ioffe15_sec2_bias_stays_with_the_full_derivative(mode):
    path, losses, _ = descend(mode, statistics_gradient=True)
    assert np.abs(path - path[0]).max() < 1e-12
    assert np.abs(losses - losses[0]).max() < 1e-9


def digits():
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))[:1400]
    return x[order].astype("float32") / 16, y[order]


def network(statistics_gradient):
    """MLP(2x32)."""
    layers = [keras.Input((64,))]
    for _ in range(2):
        normalizer = BatchNormalization(statistics_gradient=statistics_gradient)
        layers += [keras.layers.Dense(32, use_bias=False), normalizer, keras.layers.ReLU()]
    model = keras.Sequential([*layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    steps = 24 if BACKEND == "tensorflow" else 1  # in one graph: quicker; torch has no such thing
    options = {"jit_compile": COMPILED[0], "steps_per_execution": steps}
    model.compile(keras.optimizers.SGD(RATE), loss, **options)
    return model


def trained(model, start, data, seed):
    """Norm of the kernels in front of the normalizers after training, and the losses.

    Those kernels start at a small norm, as the paper's own of Section 4.1: descent on the loss of
    a normalized kernel then leaves it small, while the ignoring step adds to it without end.
    """
    rng = np.random.default_rng(seed)
    model.set_weights(start)
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for kernel in kernels:
        kernel.assign(rng.normal(0, 0.05, kernel.shape))
    keras.utils.set_random_seed(seed)
    losses = model.fit(*data, batch_size=60, epochs=EPOCHS, verbose=0).history["loss"]
    return np.sqrt(sum((array(kernel.value) ** 2).sum() for kernel in kernels[:-1])), losses


@pytest.mark.full
def test_ioffe15_sec2_scale_weights_grow_where_the_deviation_is_ignored():
    stopped, real, ratios = network(False), network(True), []
    start, data = real.get_weights(), digits()
    for seed in range(3):
        norm, losses = trained(stopped, start, data, seed)
        diverged = not np.max(losses) <= 1e3
        ratios.append(np.inf if diverged else norm / trained(real, start, data, seed)[0])
    assert np.median(ratios) > 5, ratios
