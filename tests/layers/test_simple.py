"""SimpleNormalization: the suite, and what it is beside layer normalization."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers.layer import LayerNormalization
from keras_norms.layers.simple import SimpleNormalization
from tests.conformance.case import draw
from tests.gradients import MODES, array, double, program, randomize
from tests.oracles.simple import simple
from tests.suite import Case, NormalizerSuite


class TestSimpleNormalization(NormalizerSuite):
    case = Case(
        layer=SimpleNormalization,
        oracle=simple,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({"axis": 1}, (2, 3, 2, 4)),
            ({"axis": [1, 2]}, (2, 3, 2, 4)),
            ({"axis": [-1, 1]}, (2, 2, 2, 2, 3)),
        ),
        # The mean stays: constants of 3e4 over a small deviation overflow float16.
        settings={"epsilon": 1.0},
        centred=False,
        affine=False,
        several_axes=True,
    )


def test_the_deviation_is_that_of_a_sample():
    """As `torch.var` has it by default; 1, 2, 3 and 6 have a variance of 14 over 3."""
    with double():
        layer = SimpleNormalization(epsilon=0.0, dtype="float64")
        x = np.array([[1.0, 2.0, 3.0, 6.0]])
        np.testing.assert_allclose(array(layer(x)), x / np.sqrt(14 / 3), rtol=1e-14)
        assert layer.get_config()["epsilon"] == 0.0
        assert SimpleNormalization().epsilon == 1e-6


def test_it_is_layer_normalization_that_keeps_the_mean():
    """For a mean of zero and n features: by a factor of sqrt((n - 1) / n)."""
    with double():
        x = draw((6, 8)).astype("float64")
        x -= x.mean(-1, keepdims=True)
        layer = SimpleNormalization(epsilon=0.0, dtype="float64")
        layer.build(x.shape)
        scale = randomize(layer)["scale"]
        centred = array(LayerNormalization(epsilon=0.0, dtype="float64")(x))
        np.testing.assert_allclose(array(layer(x)), scale * centred * np.sqrt(7 / 8), rtol=1e-10)


def test_a_shift_stays_and_a_scale_goes():
    x, layer = draw((6, 8)), SimpleNormalization(epsilon=0.0)
    shifted = array(layer(x)) + 3 / x.std(-1, keepdims=True, ddof=1)
    np.testing.assert_allclose(array(layer(x + 3)), shifted, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(array(layer(x * 1e3)), array(layer(x)), rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_a_single_feature_has_no_deviation(mode):
    """Here over n, which leaves epsilon alone, as over n - 1 there would be nothing to divide."""
    x = draw((5, 1))
    got = program(SimpleNormalization(epsilon=0.25), mode)(x, None)
    np.testing.assert_allclose(got.output, x * 2, rtol=1e-6)
    np.testing.assert_allclose(got.inputs, np.full((5, 1), 2.0), rtol=1e-6)


def test_hidden_features_might_as_well_be_deleted():
    x, seen = draw((3, 5, 6)), np.array([True, False, True, True, False, True])
    hidden = SimpleNormalization()(np.where(seen, x, np.nan), mask=seen[None, None])
    deleted = SimpleNormalization()(x[..., seen])
    np.testing.assert_allclose(array(hidden)[..., seen], array(deleted), rtol=1e-4)
