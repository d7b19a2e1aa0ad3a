"""CrossIterationBatchNormalization: a Dense or convolution within, so a suite of its own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from keras_norms.layers.cross_iteration import CrossIterationBatchNormalization, _compensated
from tests.conformance.case import draw, relative
from tests.gradients import DENSE_LIMIT, MODES, array, double, program, state
from tests.oracles.arrays import slope
from tests.oracles.batch import moving
from tests.oracles.cross_iteration import cross_iteration, expanded, rows, statistics

LINEAR = {
    "dense": (lambda **o: keras.layers.Dense(4, use_bias=False, **o), (6, 5, 3), (3, 4)),
    "conv1d": (lambda **o: keras.layers.Conv1D(4, 2, use_bias=False, **o), (4, 5, 3), (2, 3, 4)),
    "conv2d": (
        lambda **o: keras.layers.Conv2D(4, 2, use_bias=False, **o),
        (3, 4, 4, 2),
        (2, 2, 2, 4),
    ),
}


def make(kind, dtype="float32", **settings):
    layer = CrossIterationBatchNormalization(LINEAR[kind][0](dtype=dtype), **settings)
    layer.build((None, *LINEAR[kind][1][1:]))
    return layer


def trajectory(kind, batches, mean=0.5, step=0.1):
    """A batch and a kernel for each iteration; kernels near one another."""
    shape, kernel = LINEAR[kind][1:]
    start = draw(kernel, 99, mean=0.0).astype("float64")
    return [
        (draw(shape, t, mean=mean), start + step * t * draw(kernel, t, mean=0.0))
        for t in range(batches)
    ]


def window(path, t, size, burn_in=0):
    """What the window holds besides batch t, most recent first, in float64."""
    past = path[max(0, t - size + 1) : t] if t >= burn_in else []
    return [(x.astype("float64"), np.float64(np.float32(w))) for x, w in past[::-1]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", LINEAR)
@pytest.mark.parametrize(("size", "burn_in"), [(4, 0), (3, 2), (1, 0)])
def test_outputs_over_a_trajectory(kind, mode, size, burn_in):
    layer = make(kind, window=size, burn_in=burn_in, momentum=0.7)
    gamma, beta = draw((4,), 7, mean=1.0), draw((4,), 8)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    path, run, means, variances = trajectory(kind, 6), None, [], []
    run = program(layer, mode, training=True)
    for t, (x, kernel) in enumerate(path):
        layer.layer.kernel.assign(kernel)
        wide, w = x.astype("float64"), np.float64(np.float32(kernel))
        wanted = cross_iteration(window(path, t, size, burn_in), wide, w, gamma, beta)
        dy = np.ones(layer.compute_output_shape(x.shape), "float32")
        got = run(x, dy)
        np.testing.assert_allclose(got.output.reshape(-1, 4), wanted, atol=5e-5, err_msg=str(t))
        mu, nu = statistics(wide, w)
        means.append(mu)
        variances.append(nu - mu**2)
        np.testing.assert_allclose(got.state["moving_mean"], moving(means, 0.7, 0.0), atol=1e-5)
        np.testing.assert_allclose(
            got.state["moving_variance"], moving(variances, 0.7, 1.0), atol=2e-5
        )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", LINEAR)
def test_gradients_flow_through_this_batch_alone(kind, mode):
    """Past statistics are constants, though they are expanded at today's kernel."""
    with double():
        layer = make(kind, "float64", window=3, burn_in=0)
        path = [(x.astype("float64"), w) for x, w in trajectory(kind, 3)]
        run = program(layer, mode, training=True)
        for x, kernel in path:
            layer.layer.kernel.assign(kernel)
            shape = layer.compute_output_shape(x.shape)
            dy = draw(shape, 5, mean=0.0).astype("float64")
            got = run(x, dy)
        x, kernel = path[-1]
        fixed = [expanded(h, w, kernel) for h, w in path[1::-1]]

        def loss(x, w):
            mus, nus = zip(statistics(x, w), *fixed, strict=True)
            mean = np.mean(mus, axis=0)
            variance = np.mean(np.maximum(nus, np.square(mus)), axis=0) - mean**2
            y = (rows(x, w) @ w.reshape(-1, 4) - mean) / np.sqrt(variance + 1e-3)
            return float((y * dy.reshape(-1, 4)).sum())

        by_kernel = slope(lambda w: loss(x, w), kernel, 1e-6)
        np.testing.assert_allclose(got.weights["kernel"], by_kernel, rtol=1e-5, atol=1e-7)
        by_input = slope(lambda v: loss(v, kernel), x, 1e-6)
        np.testing.assert_allclose(got.inputs, by_input, rtol=1e-5, atol=1e-7)


def test_cbn20_taylor():
    """The mean's expansion is exact; the mean square's errs by h squared, uncorrected by h."""
    with double():
        kind, errors = "dense", []
        (x, then), _ = trajectory(kind, 2)
        x, direction = x.astype("float64"), draw((3, 4), 5, mean=0.0).astype("float64")
        for h in (1e-3, 1e-2, 1e-1):
            now = then + h * direction
            layer = make(kind, "float64", window=2, burn_in=0)
            layer.layer.kernel.assign(then)
            layer(x, training=True)
            past = [keras.ops.convert_to_tensor(variable) for variable in layer.past]
            found = _compensated(keras.ops.convert_to_tensor(now), *past)
            mean, variance = (array(value)[0] for value in found)
            (mu, nu), (_, raw) = statistics(x, now), statistics(x, then)
            np.testing.assert_allclose(mean, mu, atol=DENSE_LIMIT)
            compensated = np.linalg.norm(variance + mean**2 - nu)
            errors.append((np.log10(compensated), np.log10(np.linalg.norm(raw - nu))))
        slopes = np.diff(errors, axis=0)
        assert np.abs(slopes[:, 0] - 2).max() < 0.1
        assert np.abs(slopes[0, 1] - 1) < 0.1


@pytest.mark.parametrize("mode", MODES)
def test_a_large_mean(mode):
    """Outputs around 1e3 with a deviation of the order of one: no square of a mean is formed."""
    layer = make("dense", window=4, burn_in=0)
    run = program(layer, mode, training=True)
    path = trajectory("dense", 5, mean=1e3, step=1e-3)
    for t, (x, kernel) in enumerate(path):
        layer.layer.kernel.assign(kernel)
        got = run(x, np.ones((6, 5, 4), "float32")).output.reshape(-1, 4)
        wide, w = x.astype("float64"), np.float64(np.float32(kernel))
        # The product itself rounds by 1e-7 of 1e3, a few 1e-4 of the deviation.
        assert relative(got, cross_iteration(window(path, t, 4), wide, w)) <= 1e-3


@pytest.mark.parametrize("mode", MODES)
def test_a_window_of_one_is_batch_normalization(mode):
    layer, plain = make("dense", window=1), BatchNormalization()
    x = draw((6, 5, 3))
    got = program(layer, mode, training=True)(x, np.ones((6, 5, 4), "float32"))
    wanted = array(plain(layer.layer(x), training=True))
    np.testing.assert_allclose(got.output, wanted, atol=5e-6)
    for name, value in state(plain).items():
        np.testing.assert_allclose(got.state[name], value, atol=1e-6)
    inferred = array(layer(x, training=False))
    np.testing.assert_allclose(inferred, array(plain(layer.layer(x), training=False)), atol=5e-6)


@pytest.mark.parametrize("mode", MODES)
def test_masks(mode):
    """Hidden steps enter neither the statistics nor the window."""
    layers = [make("dense", window=3, burn_in=0) for _ in range(2)]
    mask = np.broadcast_to(np.arange(5) < 3, (6, 5))
    runs = [program(layer, mode, training=True) for layer in layers]
    for x, kernel in trajectory("dense", 4):
        for layer in layers:
            layer.layer.kernel.assign(kernel)
        masked = runs[0](x, np.ones((6, 5, 4), "float32"), mask)
        deleted = runs[1](x[:, :3], np.ones((6, 3, 4), "float32"))
        np.testing.assert_allclose(masked.output[:, :3], deleted.output, atol=5e-6)
    for name, value in state(layers[1]).items():
        np.testing.assert_allclose(state(layers[0])[name], value, atol=5e-6, err_msg=name)
    before = state(layers[0])
    got = runs[0](x, np.ones((6, 5, 4), "float32"), np.zeros((6, 5), bool))
    np.testing.assert_equal(got.state, before)
    assert np.isfinite(got.output).all()
