"""The oracles against one another and against themselves with the masked elements deleted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracles.arrays import slope
from tests.oracles.batch import batch, gradient, moving
from tests.oracles.group import group
from tests.oracles.instance import instance
from tests.oracles.layer import layer
from tests.oracles.rms import rms

pytestmark = pytest.mark.once

RNG = np.random.default_rng(1)
IMAGES = RNG.normal(1.5, 2.0, (3, 4, 5, 6))


def test_a_batch_by_hand():
    x = np.array([[1.0], [3.0]])  # mean 2, variance 1
    np.testing.assert_allclose(batch(x, 2.0, 5.0, epsilon=0.0), [[3.0], [7.0]])


def test_a_power_by_hand():
    np.testing.assert_allclose(rms(np.array([[3.0, 4.0]]), epsilon=0.0) * np.sqrt(12.5), [[3, 4]])


def test_the_closed_gradient_is_the_slope():
    x, dy, gamma = IMAGES[:2, :2, :2, :3], RNG.normal(size=(2, 2, 2, 3)), RNG.normal(size=3)
    dx, dgamma, dbeta = gradient(x, gamma, dy)
    beta = np.zeros(3)
    for value, got in (
        (slope(lambda v: (batch(v, gamma, beta) * dy).sum(), x, 1e-5), dx),
        (slope(lambda v: (batch(x, v, beta) * dy).sum(), gamma, 1e-5), dgamma),
        (slope(lambda v: (batch(x, gamma, v) * dy).sum(), beta, 1e-5), dbeta),
    ):
        np.testing.assert_allclose(got, value, atol=1e-8)


def test_a_moving_average_by_hand():
    np.testing.assert_allclose(moving([np.array([4.0]), np.array([8.0])], 0.5, 0.0), [5.0])


def test_the_limits_of_group_normalization():
    np.testing.assert_allclose(group(IMAGES, groups=1), layer(IMAGES, axis=(1, 2, 3)), atol=1e-12)
    np.testing.assert_allclose(group(IMAGES, groups=6), instance(IMAGES), atol=1e-12)


def test_one_sample_of_batch_is_instance():
    np.testing.assert_allclose(batch(IMAGES[:1]), instance(IMAGES[:1]), atol=1e-12)


@pytest.mark.parametrize(
    "oracle", [batch, instance, lambda x, mask=None: group(x, groups=2, mask=mask)]
)
def test_masked_rows_might_as_well_be_deleted(oracle):
    mask = np.ones((1, 4, 1, 1), bool)
    mask[:, 1] = False
    kept = [0, 2, 3]
    spoiled = np.where(mask, IMAGES, np.nan)
    np.testing.assert_allclose(oracle(spoiled, mask=mask)[:, kept], oracle(IMAGES[:, kept]))


@pytest.mark.parametrize("oracle", [layer, rms])
def test_masked_features_might_as_well_be_deleted(oracle):
    mask = np.array([True, False, True, True, False, True])
    spoiled = np.where(mask, IMAGES, np.nan)
    np.testing.assert_allclose(oracle(spoiled, mask=mask)[..., mask], oracle(IMAGES[..., mask]))
