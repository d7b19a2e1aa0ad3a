"""Intervals of a median against scipy's inverted quantile test, by their formula, by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import quantile_test

from keras_norms.lab.statistics import Interval, median, median_interval
from keras_norms.lab.statistics.median import coverage, median_rank

pytestmark = pytest.mark.once


@pytest.mark.parametrize("n", [6, 7, 9, 10, 12, 17, 25, 40])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_is_that_of_scipys_quantile_test(n: int, confidence: float):
    values = np.random.default_rng(n).normal(size=n)
    expected = quantile_test(values).confidence_interval(confidence)
    found = median_interval(values, confidence)
    assert (found.low, found.high) == (expected.low, expected.high)
    assert confidence <= found.coverage < 1


@pytest.mark.parametrize(("n", "covers"), [(1, 0), (2, 0.5), (3, 0.75), (4, 0.875), (5, 0.9375)])
def test_fewer_than_six_seeds_have_their_range_and_the_coverage_it_has(n: int, covers: float):
    assert median_interval(range(n)) == Interval(0, n - 1, covers)


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (15, 4)])
def test_the_interval_is_the_narrowest_that_covers_enough(n: int, rank: int):
    assert median_rank(n) == rank
    assert coverage(n, rank) >= 0.95 > coverage(n, rank + 1)
    assert coverage(n, 1) == pytest.approx(1 - 2.0 ** (1 - n))


@pytest.mark.parametrize("n", [3, 6, 10])
def test_the_stated_coverage_is_the_simulated_one_whatever_the_distribution(n: int):
    draw = np.random.default_rng(n)
    for sample, truth in (
        (draw.normal(size=(10_000, n)), 0.0),
        (draw.lognormal(size=(10_000, n)), 1.0),
        (draw.standard_cauchy(size=(10_000, n)), 0.0),
    ):
        found = [median_interval(values) for values in sample]
        held = np.mean([truth in each for each in found])
        # Three standard deviations of 10 000 draws.
        assert held == pytest.approx(found[0].coverage, abs=3 * math.sqrt(0.25 / 10_000))


def test_ties_cover_more_never_less():
    sample = np.random.default_rng(0).integers(0, 3, size=(4_000, 9))
    found = [median_interval(values) for values in sample]
    assert np.mean([1 in each for each in found]) > found[0].coverage


def test_infinities_are_ordered_numbers():
    assert median_interval([math.inf, 1, 2, math.inf, 3, -math.inf]) == Interval(
        -math.inf, math.inf, 1 - 2.0**-5
    )
    assert median([math.inf, 1, 2]) == 2
    assert median([math.inf, math.inf, 2]) == math.inf
    assert median([math.inf, 1]) == 1  # half-way to an infinity there is no number
    assert median([-math.inf, math.inf]) == -math.inf
    assert median([1, 2, 3, 10]) == 2.5


@pytest.mark.parametrize("call", [median, median_interval])
def test_nan_and_nothing_are_errors(call):
    with pytest.raises(ValueError, match=r"values is NaN at \[1\]; a run that diverged"):
        call([1.0, math.nan, 2.0])
    with pytest.raises(ValueError, match=r"values=\[\] is empty; give one value a seed"):
        call([])


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence: float):
    with pytest.raises(ValueError, match=f"Invalid confidence={confidence}: must lie between"):
        median_interval([1, 2], confidence)


@pytest.mark.parametrize("ends", [(2, 1), (math.nan, 1), (0, math.nan)])
def test_an_interval_has_ordered_ends(ends):
    with pytest.raises(ValueError, match="is no interval; write two ordered numbers"):
        Interval(*ends, 0.9)
