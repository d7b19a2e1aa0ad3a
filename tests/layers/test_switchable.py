"""SwitchableNormalization: the suite, its three limits, and moments from moments."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization, GroupNormalization, InstanceNormalization
from keras_norms.layers.switchable import SwitchableNormalization, pooled
from tests.conformance.case import draw, relative
from tests.gradients import array, double, state
from tests.oracles.switchable import softmax, statistics, switchable
from tests.suite import Case, NormalizerSuite

IMAGES = (3, 4, 2, 6)


class TestSwitchableNormalization(NormalizerSuite):
    case = Case(
        layer=SwitchableNormalization,
        oracle=switchable,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        refusals=(({"axis": 0}, "axis 0"), ({"momentum": -0.5}, "momentum -0.5")),
        batch_dependent=True,
        several_axes=True,
        told=("mean_weights", "variance_weights"),
    )


@pytest.mark.parametrize("masked", [False, True])
def test_sn19_stats(masked):
    """Layer and batch moments from instance moments are the direct ones; the weights sum to 1."""
    mask = np.random.default_rng(3).random(IMAGES) < 0.6 if masked else None
    with double():
        x = draw(IMAGES).astype("float64")
        layer = SwitchableNormalization(dtype="float64")
        layer.build(IMAGES)
        visible = None if mask is None else keras.ops.convert_to_tensor(mask)
        instance = layer._instance(keras.ops.convert_to_tensor(x), visible)
        _, *wanted = statistics(x, -1, mask)
        for axes, (mean, variance) in zip(((3,), (0,)), wanted, strict=True):
            got = pooled(instance, axes)
            np.testing.assert_allclose(array(got.mean), mean, atol=1e-10)
            np.testing.assert_allclose(array(got.variance), variance, atol=1e-10)
    assert softmax([3.0, -1.0, 0.5]).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("which", "other"),
    [(0, InstanceNormalization), (1, lambda: GroupNormalization(1)), (2, BatchNormalization)],
)
def test_one_weight_alone_is_one_of_the_three(which, other):
    layer, known, x = SwitchableNormalization(), other(), draw(IMAGES)
    layer.build(IMAGES)
    for weights in (layer.mean_weights, layer.variance_weights):
        weights.assign(np.where(np.arange(3) == which, 50.0, -50.0))
    for training in (True, False):
        wanted = array(known(x, training=training))
        np.testing.assert_allclose(array(layer(x, training=training)), wanted, atol=5e-6)


def test_it_remembers_what_batch_normalization_remembers():
    ours, theirs = SwitchableNormalization(momentum=0.5), BatchNormalization(momentum=0.5)
    for seed in (1, 2):
        x = draw(IMAGES, seed, mean=7.0)
        ours(x, training=True), theirs(x, training=True)
    for name, value in state(theirs).items():
        np.testing.assert_allclose(state(ours)[name], value, rtol=1e-5, err_msg=name)


def test_inference_at_a_large_mean():
    x, layer = draw((16, 8, 4), mean=1e4), SwitchableNormalization(momentum=0.0)
    layer(x, training=True)
    # A remembered mean is one float32: its rounding is all that inference adds.
    wanted = switchable(x.astype("float64"))
    assert relative(array(layer(x, training=False)), wanted) <= 1e-3
