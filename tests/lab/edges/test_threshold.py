"""The posterior over both edges, on synthetic runs whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from keras_norms.lab.edges.edge_posterior import EdgePosterior
from keras_norms.lab.edges.forecast import VERDICTS, with_blow_up
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput

pytestmark = pytest.mark.once

LOW, HIGH = 1e-3, 1e1
RATES = 10 ** np.arange(-3, 1.01, 0.1)
Truth = Callable[[float], Verdict]


def sharp(lower: float, alive: float, blow_up: float, useful: float | None = None) -> Truth:
    """A cell without noise: its edges as log10; a useful window down to half a decade above lower.

    Without `useful` all that trains is useful.
    """

    def verdict(x: float) -> Verdict:
        if x > blow_up:
            return Verdict.BLEW_UP
        if not lower < x < alive:
            return Verdict.UNTRAINED
        if useful is None or lower + 0.5 < x < useful:
            return Verdict.USEFUL
        return Verdict.ALIVE

    return verdict


def seen(truth: Truth, rates: np.ndarray = RATES) -> Thresholds:
    runs = [(rate, truth(math.log10(rate))) for rate in rates]
    return Thresholds.prior(LOW, HIGH).given(runs)


def test_a_dense_grid_gives_all_edges_and_the_order_of_runs_does_not_matter():
    truth = sharp(-2.53, -0.57, 0.12, useful=-1.04)
    known, turned = seen(truth), seen(truth, RATES[::-1])
    places = {"lower": -2.53, "useful": -1.04, "alive": -0.57, "blow_up": 0.12}
    for name, place in places.items():
        edge = getattr(known, name)
        assert edge.median == pytest.approx(place, abs=0.06)
        low, high = edge.interval()
        assert low < place < high
        assert high - low < 0.25
        np.testing.assert_allclose(edge.weights, getattr(turned, name).weights, atol=1e-12)
        assert edge.weights.sum() == pytest.approx(1)
    assert known.settled(0.25)
    assert known.runs == len(RATES)


def test_chance_level_alone_is_ambiguous_and_a_trained_run_resolves_it():
    prior = Thresholds.prior(LOW, HIGH)
    odd = prior.given([(0.1, Verdict.UNTRAINED)])

    def above(edge: EdgePosterior) -> float:
        return float(edge.weights[edge.range.thresholds > -1].sum())

    assert 0.05 < above(odd.trains) < 0.8
    slow = odd.given([(1.0, Verdict.ALIVE)])
    broken = odd.given([(0.01, Verdict.ALIVE)])
    assert above(slow.trains) > 0.8
    assert above(broken.trains) < 0.15


def test_a_run_that_blew_up_is_above_the_window():
    known = Thresholds.prior(LOW, HIGH).given([(0.1, Verdict.BLEW_UP)])
    thresholds = known.range.thresholds
    assert known.trains.weights[thresholds > -0.8].sum() < 0.1
    assert known.blow_up.weights[thresholds > -0.8].sum() < 0.1


@pytest.mark.parametrize("odd", [-2.0, -1.0, 0.5])
def test_one_odd_verdict_does_not_ruin_the_answer(odd: float):
    truth = sharp(-2.6, -0.42, 0.12)

    def with_one_odd(x: float) -> Verdict:
        return Verdict.UNTRAINED if abs(x - odd) < 0.01 else truth(x)

    known = seen(with_one_odd)
    assert known.trains.median == pytest.approx(-0.42, abs=0.1)
    assert known.blow_up.median == pytest.approx(0.12, abs=0.1)


def test_no_rate_trains():
    truth = sharp(1, -1, 0.12)
    known, sparse = seen(truth), seen(truth, RATES[::4])
    assert known.trains.none > 0.8
    assert known.trains.median == -math.inf
    assert known.blow_up.median == pytest.approx(0.12, abs=0.06)
    # A window that the gaps of a sparse grid may hide is not ruled out.
    assert 0.1 < sparse.trains.none < known.trains.none


def test_every_rate_works():
    known = seen(sharp(-9, 9, 9))
    assert known.blow_up.every > 0.8
    assert known.trains.every > 0.8
    assert known.trains.median == known.blow_up.median == math.inf
    assert known.lower.median == -math.inf
    assert known.settled(0.2)


def test_every_rate_blows_up():
    known = seen(sharp(-9, -9, -9))
    assert known.blow_up.none > 0.8
    assert known.trains.none > 0.8


def test_the_edges_are_ordered_whatever_the_runs_say():
    """Not a seed has alive above blow-up, though a run above a blow-up trained."""
    runs = [(0.3, Verdict.BLEW_UP), (1.0, Verdict.USEFUL), (0.03, Verdict.ALIVE)]
    now = Thresholds.prior(LOW, HIGH).given(runs).posterior
    count = now.alive.shape[-1]
    above, below = np.triu_indices(count, 1), np.tril_indices(count, -1)
    for pairs in (now.alive_blow_up, now.useful_alive, now.alive, now.useful):
        assert not pairs[:, *below].any()
        assert pairs[:, *above].sum() > 0
    known = Thresholds.prior(LOW, HIGH).given(runs)
    totals = [getattr(known, name).weights.cumsum() for name in ("useful", "alive", "blow_up")]
    assert (totals[0] >= totals[1] - 1e-12).all()
    assert (totals[1] >= totals[2] - 1e-12).all()


def test_a_dead_start_is_ordered_with_the_blow_ups():
    dead, blown = (
        Thresholds.prior(LOW, HIGH).given([(0.1, verdict)])
        for verdict in (Verdict.DEAD, Verdict.BLEW_UP)
    )
    np.testing.assert_array_equal(dead.blow_up.weights, blown.blow_up.weights)


def test_nothing_useful_among_what_trains():
    known = seen(lambda x: Verdict.ALIVE if -2 < x < 0 else Verdict.UNTRAINED)
    assert known.useful.none > 0.9
    assert known.alive.median == pytest.approx(0.0, abs=0.06)


def test_a_run_s_forecast_is_what_is_known_after_it():
    """P(edge, blew up | x) as forecast, and by Bayes' rule in `given`."""
    x = 0.03
    for rates in ((), (-1.0, 0.7), (-1.0, -0.4, 0.7)):
        known = Thresholds.prior(LOW, HIGH)
        for at in rates:
            known = known.given([(10**at, Verdict.BLEW_UP), (10 ** (at + 0.1), Verdict.UNTRAINED)])
        joint = with_blow_up(known.posterior, known.blown, np.array([x]))[..., 0]
        after = known.given([(10**x, Verdict.BLEW_UP)])
        np.testing.assert_allclose(joint[0] / joint[0].sum(), after.blow_up.weights, atol=1e-12)
        np.testing.assert_allclose(joint.sum(0), known.blow_up.weights, atol=1e-12)


def test_forecasts_are_probabilities_and_follow_the_runs():
    known = seen(sharp(-2.53, -0.57, 0.12, useful=-1.04), RATES[::2])
    chances = known.forecast(np.array([-2.9, -2.3, -1.5, -0.8, -0.2, 0.5]))
    assert chances.min() >= 0
    np.testing.assert_allclose(chances.sum(0), 1)
    expected = [Verdict.UNTRAINED, Verdict.ALIVE, Verdict.USEFUL, Verdict.ALIVE,
                Verdict.UNTRAINED, Verdict.BLEW_UP]  # fmt: skip
    assert [VERDICTS[place] for place in chances.argmax(0)] == expected
    assert chances.max(0).min() > 0.7


def test_a_neighbour_warms_the_start_and_may_be_wrong():
    near = seen(sharp(-2, -0.5, 0.1)).warming(0.3)
    assert near.runs == 0
    assert near.trains.median == pytest.approx(-0.5, abs=0.15)
    cold = Thresholds.prior(LOW, HIGH)
    for place in (near.trains, near.blow_up):
        assert place.weights.sum() == pytest.approx(1)
    # A tenth knows nothing.
    assert (near.blow_up.weights >= 0.0999 * cold.blow_up.weights).all()
    few = [(rate, sharp(-3, -1.52, -0.98)(math.log10(rate))) for rate in RATES[::3]]
    assert near.given(few).trains.median == pytest.approx(-1.52, abs=0.2)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (1, 1), (2, 1), (1, math.inf)])
def test_a_range_that_is_none_is_refused(low: float, high: float):
    with pytest.raises(BadInput, match=f"low={low}, high={high}.*the smaller one first"):
        Thresholds.prior(low, high)


def test_a_narrow_range_has_an_answer():
    known = Thresholds.prior(0.1, 0.11).given([(0.1, Verdict.ALIVE)])
    assert known.trains.every > 0.5
