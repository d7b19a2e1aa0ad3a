"""BatchRenormalization: the suite at the start of the warm-up, then r, d and their schedule."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from keras_norms.layers.renorm import BatchRenormalization
from tests.conformance.case import SHAPE, draw, relative
from tests.gradients import MODES, array, double, program, randomize, state
from tests.oracles.arrays import slope
from tests.oracles.batch import batch, inference, moving, statistics
from tests.oracles.renorm import bound, corrections, renorm
from tests.suite import Case, NormalizerSuite

AT_ONCE = {"warmup_steps": 0, "r_max_steps": 0, "d_max_steps": 0}
WIDE = {"r_max": 1e6, "d_max": 1e6, **AT_ONCE}  # bounds that bind nothing
LENGTHS = np.arange(5) < np.array([5, 3, 2, 4, 1, 3])[:, None]


class TestBatchRenormalization(NormalizerSuite):
    """Throughout the warm-up: batch normalization, but for the counter."""

    case = Case(
        layer=BatchRenormalization,
        oracle=batch,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({"r_max": 2.0, "d_max": 1.0, "warmup_steps": 10}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        refusals=(
            ({"r_max": 0.5}, "r_max 0.5"),
            ({"r_max": float("inf")}, "r_max inf"),
            ({"d_max": -1.0}, "d_max -1.0"),
            ({"d_max": "wide"}, "d_max wide"),
            ({"warmup_steps": -1}, "warmup_steps -1"),
            ({"warmup_steps": 10, "r_max_steps": 9}, "r_max_steps 9 10"),
            ({"warmup_steps": 10, "d_max_steps": 9.5}, "d_max_steps 9.5 10"),
            ({"momentum": 1.5}, "momentum 1.5"),
        ),
        batch_dependent=True,
        several_axes=True,
        counters=("steps",),
    )


def remembering(settings, shape=SHAPE, mean=0.0, dtype="float32"):
    """A layer with random weights and a memory that lies off the batches' own statistics."""
    layer = BatchRenormalization(**settings, dtype=dtype)
    layer.build(shape)
    weights, rng = randomize(layer), np.random.default_rng(7)
    layer.moving_mean.assign(mean + rng.normal(0.5, 0.3, shape[-1]))
    layer.moving_variance.assign(rng.uniform(0.3, 2.0, shape[-1]))
    kept = {name: value.astype("float64") for name, value in state(layer).items()}
    return layer, weights, (kept["moving_mean"], kept["moving_variance"])


@pytest.mark.parametrize("mode", MODES)
def test_brn17_identity_without_clipping_training_is_inference(mode):
    with double():
        layer, weights, kept = remembering(WIDE, dtype="float64")
        x = draw(SHAPE).astype("float64")
        infers = array(layer(x, training=False))
        trains = program(layer, mode, training=True)(x, None).output
        np.testing.assert_allclose(trains, infers, atol=1e-10)
        wanted = inference(x, weights["gamma"], weights["beta"], *kept)
        np.testing.assert_allclose(trains, wanted, atol=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_brn17_identity_closed_bounds_are_batch_normalization(mode):
    with double():
        layer, weights, _ = remembering({"r_max": 1.0, "d_max": 0.0, **AT_ONCE}, dtype="float64")
        x = draw(SHAPE).astype("float64")
        got = program(layer, mode, training=True)(x, None).output
        np.testing.assert_allclose(got, batch(x, weights["gamma"], weights["beta"]), atol=1e-10)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bounds", [(1e6, 1e6), (1.2, 0.1), (1.2, 1e6)])
@pytest.mark.parametrize("masked", [False, True])
def test_brn17_identity_no_gradient_through_the_corrections(mode, bounds, masked):
    """dx is the slope with r and d held where they are."""
    settings = {"r_max": bounds[0], "d_max": bounds[1], **AT_ONCE}
    mask = LENGTHS if masked else None
    seen = np.broadcast_to(LENGTHS[..., None] if masked else True, SHAPE)
    layer, weights, kept = remembering(settings)
    x, dy = draw(SHAPE), np.where(seen, draw(SHAPE, 2), np.float32(0))
    got = program(layer, mode, training=True)(x, dy, mask)
    r, d = corrections(x.astype("float64"), *kept, *bounds, mask=seen)
    if bounds == (1.2, 0.1):
        assert {1 / 1.2, 1.2} & set(r)
        assert {-0.1, 0.1} & set(d)

    def loss(x, gamma, beta):
        return float((renorm(x, gamma, beta, r=r, d=d, mask=seen) * dy).sum())

    gamma, beta = weights["gamma"], weights["beta"]
    wanted = renorm(x.astype("float64"), gamma, beta, r=r, d=d, mask=seen)
    np.testing.assert_allclose(got.output[seen], wanted[seen], atol=2e-5)
    dx = slope(lambda v: loss(v, gamma, beta), x, 1e-5)
    np.testing.assert_allclose(got.inputs, dx, rtol=1e-4, atol=2e-5)
    dgamma = slope(lambda v: loss(x, v, beta), gamma, 1e-5)
    np.testing.assert_allclose(got.weights["gamma"], dgamma, atol=1e-4)
    np.testing.assert_allclose(got.weights["beta"], dy.sum((0, 1)), atol=5e-5)


@pytest.mark.parametrize("mode", MODES)
def test_at_a_large_mean(mode):
    """The difference of the batch's mean and the moving one, both 1e4, is of the order of one."""
    layer, weights, kept = remembering(WIDE, (64, 4), mean=1e4)
    x = draw((64, 4), mean=1e4)
    got = program(layer, mode, training=True)(x, None).output
    wanted = inference(x.astype("float64"), weights["gamma"], weights["beta"], *kept)
    assert relative(got, wanted) <= 2e-5


@pytest.mark.parametrize("mode", MODES)
def test_the_schedule(mode):
    """Steps of warm-up, then each bound in a line to its own end; the memory before the batch."""
    settings = {"warmup_steps": 2, "r_max_steps": 7, "d_max_steps": 5}
    layer, weights, (mean, variance) = remembering({"r_max": 1.5, "d_max": 0.3, **settings})
    step = program(layer, mode, training=True)
    for t in range(9):
        x = draw(SHAPE, t, mean=2.0) * np.float32(3.0)
        bounds = bound(t, 1.0, 1.5, 2, 7), bound(t, 0.0, 0.3, 2, 5)
        r, d = corrections(x.astype("float64"), mean, variance, *bounds)
        got = step(x, None)
        wanted = renorm(x.astype("float64"), weights["gamma"], weights["beta"], r=r, d=d)
        np.testing.assert_allclose(got.output, wanted, atol=5e-5, err_msg=str(t))
        assert got.state["steps"] == t + 1
        own_mean, own_variance, _ = statistics(x.astype("float64"))
        mean = moving([own_mean], 0.99, mean)
        variance = moving([own_variance], 0.99, variance)
        np.testing.assert_allclose(got.state["moving_mean"], mean, atol=1e-5)
        np.testing.assert_allclose(got.state["moving_variance"], variance, rtol=1e-5)


def test_the_step_is_saved(tmp_path):
    model = keras.Sequential([keras.Input((4,)), BatchRenormalization()])
    for _ in range(3):
        model(draw((6, 4)), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(array(loaded.layers[0].steps.value)) == 3.0


def test_weights_of_batch_normalization_fit():
    ours, theirs = BatchRenormalization(), BatchNormalization()
    for layer in (ours, theirs):
        layer.build(SHAPE)
    randomize(theirs)
    theirs(draw(SHAPE), training=True)
    names = [v.name for v in theirs.weights]
    assert [v.name for v in ours.weights] == [*names, "steps"]
    ours.set_weights([*theirs.get_weights(), np.zeros(())])
    np.testing.assert_array_equal(array(ours(draw(SHAPE))), array(theirs(draw(SHAPE))))


@pytest.mark.parametrize("mode", MODES)
def test_one_value_a_channel_is_no_step(mode):
    layer = BatchRenormalization(**WIDE)
    layer.build((None, 4))
    before = state(layer)
    got = program(layer, mode, training=True)(draw((1, 4)), draw((1, 4), 2))
    assert np.isfinite(got.output).all()
    np.testing.assert_equal(got.state, before)
