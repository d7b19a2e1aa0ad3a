"""A population of seeds: its median and a new seed, against what is known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

from keras_norms.lab.edges.population import Population
from keras_norms.lab.edges.verdict_noise import Range

pytestmark = pytest.mark.once

RANGE = Range(-4, 2)
COUNT = len(RANGE.thresholds)


def known(place: float) -> np.ndarray:
    """A seed whose edge is known to its grid cell; infinities are the ends."""
    likelihood = np.zeros(COUNT)
    likelihood[np.searchsorted(RANGE.rates, place)] = 1.0
    return likelihood


def test_known_edges_give_students_interval_and_range():
    """With flat priors of mean and log tau: mean +- t s / sqrt(n), and t s sqrt(1 + 1 / n)."""
    places = np.random.default_rng(2).normal(-1, 0.2, 12)
    found = Population.of(RANGE, [known(place) for place in places])
    mean, sd, n = places.mean(), places.std(ddof=1), len(places)
    quantile = t.ppf(0.95, n - 1)
    for edge, half in (
        (found.median, quantile * sd / math.sqrt(n)),
        (found.new_seed, quantile * sd * math.sqrt(1 + 1 / n)),
    ):
        assert edge.weights.sum() == pytest.approx(1)
        low, high = edge.interval()
        assert (low + high) / 2 == pytest.approx(mean, abs=0.03)
        assert (high - low) / 2 == pytest.approx(half, rel=0.15)


def test_what_the_runs_leave_open_is_no_spread_of_the_seeds():
    blurred = np.exp(-0.5 * ((RANGE.thresholds[1:-1] + 1) / 0.2) ** 2)
    vague = Population.of(RANGE, [np.concatenate([[0], blurred, [0]])] * 9)
    low, high = vague.new_seed.interval()
    assert high - low < 0.35  # not 3.3 times 0.2
    assert vague.median.median == pytest.approx(-1, abs=0.05)


def test_few_seeds_are_less_than_many():
    widths = []
    for n in (2, 3, 9):
        places = np.linspace(-1.1, -0.9, n)
        low, high = Population.of(RANGE, [known(place) for place in places]).new_seed.interval()
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("none", "end"), [(0, -math.inf), (-1, math.inf)])
def test_seeds_without_an_edge(none: int, end: float):
    absent = np.zeros(COUNT)
    absent[none] = 1.0
    found = Population.of(RANGE, [absent] * 5, none)
    assert found.median.median == found.new_seed.median == end
    mixed = Population.of(RANGE, [absent] + [known(-1.0)] * 8, none)
    assert mixed.median.median == pytest.approx(-1.0, abs=0.1)
    assert mixed.new_seed.weights[none] == pytest.approx(0.13, abs=0.08)
    all_present = Population.of(RANGE, [known(-1.0)] * 3, none)
    assert all_present.new_seed.weights[none] < 0.04


def test_every_rate_is_good_in_every_seed():
    found = Population.of(RANGE, [known(9.0)] * 4)
    assert found.median.median == math.inf
