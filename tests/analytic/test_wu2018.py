"""Wu & He 2018: group normalization at its two ends."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers import GroupNormalization, InstanceNormalization, LayerNormalization
from tests.gradients import MODES, double, program
from tests.oracles.instance import instance
from tests.oracles.layer import layer

SHAPE = (2, 4, 5, 8)
X = np.random.default_rng(0).normal(0.5, 2.0, SHAPE)
DY = np.random.default_rng(1).normal(size=SHAPE)
GAMMA, BETA = np.random.default_rng(2).normal(1.0, 0.3, (2, 8))


def passed(normalizer, mode, gamma, beta):
    with double():
        normalizer.build(SHAPE)
        normalizer.gamma.assign(gamma)
        normalizer.beta.assign(beta)
        return program(normalizer, mode)(X, DY)


def same(one, other, truth):
    assert np.abs(one.output - other.output).max() <= 1e-10
    assert np.abs(one.inputs - other.inputs).max() <= 1e-10
    assert np.abs(one.output - truth).max() <= 1e-10


@pytest.mark.parametrize("mode", MODES)
def test_gn18_limits_one_group_is_layer_normalization(mode):
    """The paper's layer normalization spans channels and space; one weight a channel in both."""
    gamma, beta = (np.broadcast_to(weight, SHAPE[1:]) for weight in (GAMMA, BETA))
    group = passed(GroupNormalization(groups=1, dtype="float64"), mode, GAMMA, BETA)
    whole = LayerNormalization(axis=[1, 2, 3], dtype="float64")
    truth = layer(X, gamma, beta, axis=[1, 2, 3])
    same(group, passed(whole, mode, gamma, beta), truth)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("groups", [8, -1])
def test_gn18_limits_one_channel_a_group_is_instance_normalization(groups, mode):
    group = passed(GroupNormalization(groups=groups, dtype="float64"), mode, GAMMA, BETA)
    other = passed(InstanceNormalization(dtype="float64"), mode, GAMMA, BETA)
    same(group, other, instance(X, GAMMA, BETA))
