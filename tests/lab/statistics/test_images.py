"""Resampled images: their spread against the binomial's, their coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keras_norms.lab.statistics import image_interval

pytestmark = pytest.mark.once

IMAGES = 397


def discordant(more: int, fewer: int, images: int = IMAGES) -> tuple[np.ndarray, np.ndarray]:
    """One seed: `more` images that the first arm alone has right, `fewer` that the second has."""
    right, against = np.ones((1, images)), np.ones((1, images))
    against[0, :more] = 0
    right[0, more : more + fewer] = 0
    return right, against


def test_the_spread_is_that_of_the_discordant_images():
    """Half the width of 95 % is 1.96 sqrt(k) / N for k discordant images of N."""
    right, against = discordant(20, 16)
    found = image_interval(right, against)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * 6 / IMAGES, rel=0.08)
    assert (found.high + found.low) / 2 == pytest.approx(4 / IMAGES, abs=1.5 / IMAGES)
    assert found.coverage == 0.95


def test_the_seeds_are_fixed_and_their_median_counts():
    """Three seeds that agree on every image are one seed; an outlying seed moves nothing."""
    right, against = discordant(10, 4)
    one = image_interval(right, against)
    same = image_interval(np.repeat(right, 3, 0), np.repeat(against, 3, 0))
    assert one == same
    wild = image_interval(np.repeat(right, 3, 0), np.vstack([against, against, against * 0]))
    assert (wild.low, wild.high) == (one.low, one.high)


def test_arms_alike_on_every_image_leave_no_error():
    right = np.random.default_rng(0).integers(0, 2, (4, 50))
    found = image_interval(right, right)
    assert (found.low, found.high) == (0, 0)


def test_it_covers_the_accuracy_of_all_images():
    """300 test sets of 200 images, each right with probability 0.9."""
    draw, held = np.random.default_rng(5), 0
    for _ in range(300):
        held += 0.9 in image_interval(draw.random((1, 200)) < 0.9, draws=200)
    assert held / 300 == pytest.approx(0.95, abs=0.04)


def test_a_large_test_set_is_drawn_in_blocks_and_the_draws_are_the_same_each_time():
    right = np.random.default_rng(1).random((2, 3_000)) < 0.8
    first, again = image_interval(right), image_interval(right)
    assert first == again
    assert first.low < 0.8 < first.high
    assert first.high - first.low < 4 * 1.1 * math.sqrt(0.16 / 3_000)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ([np.ones(5)], r"Invalid right of shape \(5,\): must be \(seeds, images\)"),
        ([np.ones((0, 5))], r"Invalid right of shape \(0, 5\)"),
        ([np.full((1, 5), 0.5)], "Invalid right: must say of each image"),
        ([np.ones((2, 5)), np.ones((2, 4))], r"Invalid against of shape \(2, 4\).*\(2, 5\)"),
    ],
)
def test_other_arrays_are_refused(arrays, said):
    with pytest.raises(ValueError, match=said):
        image_interval(*arrays)
