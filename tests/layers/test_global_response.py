"""GlobalResponseNormalization: the suite, the identity that it starts as, and its shares."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers.global_response import GlobalResponseNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import MODES, array, double, program, randomize
from tests.oracles.global_response import global_response
from tests.suite import Case, NormalizerSuite


class TestGlobalResponseNormalization(NormalizerSuite):
    case = Case(
        layer=GlobalResponseNormalization,
        oracle=global_response,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        settings={"gamma_initializer": "ones"},  # a gamma of zero would hide everything
        refusals=(({"axis": 0}, "axis 0"), ({"axis": [0, -1]}, "axis [0, -1]")),
        centred=False,
        several_axes=True,
    )


def test_grn23_def():
    """The formula of the published code, in its own steps."""
    with double():
        x = draw((2, 5, 3, 4)).astype("float64")
        layer = GlobalResponseNormalization(dtype="float64")
        layer.build(x.shape)
        weights = randomize(layer)
        length = np.linalg.norm(x.reshape(2, 15, 4), axis=1)[:, None, None]
        share = length / (length.mean(-1, keepdims=True) + 1e-6)
        wanted = weights["gamma"] * (x * share) + weights["beta"] + x
        np.testing.assert_allclose(array(layer(x)), wanted, rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mean", [0.0, 1e4])
def test_it_starts_as_the_identity(mode, mean):
    """Exactly, the gradient too; and gamma has one from the first step on."""
    layer, x, dy = GlobalResponseNormalization(), draw(SHAPE, 1, mean), draw(SHAPE, 2)
    got = program(layer, mode, training=True)(x, dy)
    np.testing.assert_array_equal(got.output, x)
    np.testing.assert_array_equal(got.inputs, dy)
    assert (got.weights["gamma"] != 0).all()


def test_the_responses_have_the_mean_one_at_any_scale():
    layer = GlobalResponseNormalization(gamma_initializer="ones")
    x = draw((3, 6, 6, 4)) * np.array([1.0, 3.0, 0.1, 10.0], "float32")
    for scale in (1e-2, 1.0, 1e4):
        response = array(layer(x * np.float32(scale))) / (x * np.float32(scale)) - 1
        anywhere = np.broadcast_to(response[:, :1, :1], x.shape)
        np.testing.assert_allclose(response, anywhere, rtol=1e-3)
        np.testing.assert_allclose(response.mean(), 1.0, atol=1e-3)
        assert (np.argsort(response[0, 0, 0]) == [2, 0, 1, 3]).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("epsilon", [1e-6, 0.0])
def test_channels_of_zeros(mode, epsilon):
    """The root has no slope there: its gradient is taken as zero, as a norm's usually is."""
    x = draw((3, 5, 4))
    x[0], x[1, :, 2] = 0, 0
    layer = GlobalResponseNormalization(gamma_initializer="ones", epsilon=epsilon)
    got = program(layer, mode, training=True)(x, None)
    wanted = global_response(x.astype("float64"), epsilon=1e-6)
    np.testing.assert_allclose(got.output, wanted, atol=2e-5)
    assert np.isfinite(got.inputs).all()
    np.testing.assert_array_equal(got.inputs[0], np.ones((5, 4)))
    assert np.isfinite(got.weights["gamma"]).all()


def test_a_hidden_channel_might_as_well_be_deleted():
    layer = GlobalResponseNormalization(gamma_initializer="ones")
    x, seen = draw((3, 5, 4)), np.array([True, False, True, True])
    deleted = GlobalResponseNormalization(gamma_initializer="ones")(x[..., seen])
    hidden = layer(np.where(seen, x, np.nan), mask=seen[None, None])
    np.testing.assert_allclose(array(hidden)[..., seen], array(deleted), atol=2e-6)
