from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_norms.lab.errors import BadInput
from keras_norms.lab.stability.frontier import edges
from keras_norms.lab.stability.search import PER_DECADE, Lattice, next_rates
from keras_norms.lab.stability.verdict import Verdict

pytestmark = pytest.mark.once

LATTICE = Lattice(1e-4, 1e2)
MOST = 6 * 4 + 1 + 3  # every quarter of six decades, and both ends; three halvings at an edge


def searched(truth) -> dict[float, Verdict]:
    """All verdicts of a search in which `truth` answers."""
    known: dict[float, Verdict] = {}
    while rates := next_rates(known, LATTICE):
        assert not set(rates) & set(known)  # nothing is asked for twice
        known |= {rate: truth(rate) for rate in rates}
    return known


def window(low: float, high: float, blow_up: float):
    def truth(rate: float) -> Verdict:
        if rate > blow_up:
            return Verdict.BLEW_UP
        return Verdict.TRAINED if low <= rate <= high else Verdict.UNTRAINED

    return truth


@given(st.floats(-2.5, 1.9), st.floats(0, 1))
def test_both_edges_are_found_to_an_eighth_of_a_decade(log_trains, gap):
    """Given that a run on the coarse grid trains; else see the narrow window below."""
    trains, blow_up = 10**log_trains, 10 ** min(log_trains + gap, 1.95)
    known = searched(window(trains / 10, trains, blow_up))
    found = edges(known)
    for edge, truth in ((found.trains, trains), (found.blow_up, blow_up)):
        assert edge.below <= truth < edge.above
        assert math.log10(edge.above / edge.below) == pytest.approx(1 / PER_DECADE, abs=1e-3)
    assert len(known) <= MOST


def test_a_window_narrower_than_the_coarse_grid_is_looked_for():
    known = searched(window(0.015, 0.025, 0.5))  # a quarter of a decade, between 0.01 and 0.1
    assert edges(known).trains.below == pytest.approx(10 ** (-13 / 8), rel=1e-3)


def test_where_nothing_trains_the_search_ends():
    known = searched(window(1.0, 0.0, 0.5))
    assert edges(known).trains.below is None
    assert len(known) <= MOST


@pytest.mark.parametrize("verdict", list(Verdict))
def test_one_verdict_everywhere_ends_too(verdict):
    known = searched(lambda rate: verdict)
    assert set(LATTICE.coarse) <= set(known)
    assert len(known) <= MOST


def test_a_search_that_was_stopped_asks_for_the_same_runs():
    truth = window(0.01, 0.3, 2.0)
    whole = searched(truth)
    half = dict(list(whole.items())[: len(whole) // 2])
    while rates := next_rates(half, LATTICE):
        half |= {rate: truth(rate) for rate in rates}
    assert half == whole


def test_the_coarse_grid_has_both_ends():
    assert LATTICE.coarse == [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100]
    assert Lattice(1e-3, 0.05).coarse == [1e-3, 1e-2, 0.056234]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (1, 1), (2, 1)])
def test_an_empty_range_is_refused(low, high):
    with pytest.raises(BadInput, match=f"low={low}, high={high}"):
        Lattice(low, high)
