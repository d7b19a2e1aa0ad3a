"""An edge in words: what was seen, never what the prior alone allows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from keras_norms.lab.edges.edge import Edge
from keras_norms.lab.edges.edge_posterior import EdgePosterior
from keras_norms.lab.edges.threshold import EDGES, Thresholds
from keras_norms.lab.edges.verdict import Verdict

pytestmark = pytest.mark.once

PRIOR = Thresholds.prior(1e-3, 1e1)
Truth = Callable[[float], Verdict]


RATES = 10 ** np.arange(-3, 1.01, 0.25)


def edge(name: str, *truths: Truth, rates: np.ndarray = RATES) -> Edge:
    known = [PRIOR.given((rate, truth(math.log10(rate))) for rate in rates) for truth in truths]
    return Edge.of(name, known, [PRIOR] * len(known))


def window(alive: float, blow_up: float = 0.6, lower: float = -2.4) -> Truth:
    def verdict(x: float) -> Verdict:
        if x > blow_up:
            return Verdict.BLEW_UP
        return Verdict.USEFUL if lower < x < alive else Verdict.UNTRAINED

    return verdict


@pytest.mark.parametrize("rates", [np.array([1e-3, 0.02, 0.3, 10.0]), RATES])
def test_where_no_run_trained_there_is_no_rate(rates):
    """However few the runs and whatever window the posterior would still allow between them."""
    found = edge("alive", window(-9), window(-9), rates=rates)
    assert found.median == 0.0
    assert found.values == (0.0, 0.0)
    assert str(found) == f"none of {len(rates)} rates trained (0.001 to 10)"
    useful = edge("useful", window(-9), rates=rates)
    assert str(useful) == f"none of {len(rates)} rates were useful (0.001 to 10)"
    lower = edge("lower", window(-9), rates=rates)
    assert lower.median == math.inf
    assert str(lower).startswith(f"none of {len(rates)} rates trained")


def test_where_all_blew_up():
    assert (
        str(edge("blow_up", lambda x: Verdict.BLEW_UP)) == "all of 17 rates blew up (0.001 to 10)"
    )


def test_the_median_of_the_seeds_and_the_range_of_a_new_one():
    found = edge("alive", *(window(place) for place in (-0.9, -0.65, -0.4, -0.9, -0.65, -0.4)))
    assert math.log10(found.median) == pytest.approx(-0.65, abs=0.12)
    (low, high), (below, above) = found.interval, found.new_seed
    assert below < low < found.median < high < above
    assert "; a new seed " in str(found)
    assert len(found.values) == 6


def test_one_seed_in_five_without_a_rate_does_not_move_the_median_away():
    found = edge("alive", window(-9), *[window(-0.65)] * 4)
    assert math.log10(found.median) == pytest.approx(-0.65, abs=0.15)
    assert found.values[0] == 0.0


@pytest.mark.parametrize(
    ("name", "truth", "words"),
    [
        ("alive", window(-2.95, lower=-9), "at or below 0.001"),
        ("blow_up", window(0.5, blow_up=0.95), "at or above 10"),
        ("blow_up", window(0.5, blow_up=9), "at or above 10"),
        ("lower", window(0.5, lower=-9), "at or below 0.001"),
    ],
)
def test_an_edge_within_a_tenth_of_a_decade_of_the_search_s_end_is_that_end(name, truth, words):
    found = edge(name, *[truth] * 3, rates=10 ** np.arange(-3, 1.01, 0.1))
    assert found.brief == words


def test_before_any_run_nothing_is_known():
    for name in EDGES:
        assert Edge.of(name, [PRIOR] * 3, [PRIOR] * 3).brief in ("unknown", "no rate")


def test_medians_of_several_seeds_do_not_cross():
    """Each edge has its own population; where they cross, the upper one gives way."""
    flat = Thresholds.prior(1e-3, 1e2)
    seeds = [
        flat.given([(rate, verdict)] * 3)
        for rate, verdict in ((0.1, Verdict.USEFUL), (30.0, Verdict.USEFUL), (2.0, Verdict.BLEW_UP))
    ]
    useful, alone = (Edge.of(name, seeds, [flat] * 3) for name in ("useful", "alive"))
    ordered = alone.at_least(useful)
    quantiles = np.linspace(0.01, 0.99, 99)
    for which in ("median", "new_seed"):
        lower, upper = (getattr(edge.population, which) for edge in (useful, ordered))
        assert all(lower.quantile(q) <= upper.quantile(q) + 1e-9 for q in quantiles)
    own, moved = alone.population.median, ordered.population.median
    assert all(own.quantile(q) <= moved.quantile(q) + 1e-9 for q in quantiles)


def test_a_distribution_that_lies_above_its_floor_stays():
    places = np.arange(len(PRIOR.range.thresholds))
    below, above = (np.exp(-(((places - at) / 3.0) ** 2)) for at in (20, 50))
    low, high = (EdgePosterior(PRIOR.range, each / each.sum()) for each in (below, above))
    np.testing.assert_allclose(high.at_least(low).weights, high.weights, atol=1e-12)
    np.testing.assert_allclose(low.at_least(high).weights, high.weights, atol=1e-12)
