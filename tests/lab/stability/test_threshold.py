"""The posterior over both edges, on synthetic runs whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.stability.estimate import Estimate
from keras_norms.lab.stability.noise import SCALE_PRIOR, SCALES
from keras_norms.lab.stability.threshold import Thresholds
from keras_norms.lab.stability.verdict import Verdict

pytestmark = pytest.mark.once

LOW, HIGH = 1e-3, 1e1
RATES = 10 ** np.arange(-3, 1.01, 0.1)
Truth = Callable[[float], Verdict]


def sharp(lower: float, upper: float, blow_up: float) -> Truth:
    """A cell without noise: its window and its blow-up edge, as log10."""

    def verdict(x: float) -> Verdict:
        if x > blow_up:
            return Verdict.BLEW_UP
        return Verdict.TRAINED if lower < x < upper else Verdict.UNTRAINED

    return verdict


def seen(truth: Truth, rates: np.ndarray = RATES) -> Thresholds:
    runs = [(rate, truth(math.log10(rate))) for rate in rates]
    return Thresholds.prior(LOW, HIGH).given(runs)


def test_a_dense_grid_gives_both_edges_and_the_order_of_runs_does_not_matter():
    truth = sharp(-2.03, -0.57, 0.12)
    known, turned = seen(truth), seen(truth, RATES[::-1])
    for edge, place in ((known.trains, -0.57), (known.blow_up, 0.12)):
        assert edge.median == pytest.approx(place, abs=0.06)
        low, high = edge.interval()
        assert low < place < high
        assert high - low < 0.25
    assert known.window.too_slow.median == pytest.approx(-2.03, abs=0.06)
    assert known.settled(0.25)
    assert known.runs == len(RATES)
    np.testing.assert_allclose(known.trains.weights, turned.trains.weights, atol=1e-12)


def test_chance_level_alone_is_ambiguous_and_a_trained_run_resolves_it():
    prior = Thresholds.prior(LOW, HIGH)
    odd = prior.given([(0.1, Verdict.UNTRAINED)])

    def above(edge: Estimate) -> float:
        return float(edge.weights[edge.range.thresholds > -1].sum())

    assert 0.2 < above(odd.trains) < 0.8
    slow = odd.given([(1.0, Verdict.TRAINED)])
    broken = odd.given([(0.01, Verdict.TRAINED)])
    assert above(slow.trains) > 0.97
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
    assert known.no_threshold < 0.5


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
    assert known.window.too_slow.median == -math.inf
    assert known.settled(0.2)


def test_every_rate_blows_up():
    known = seen(sharp(-9, -9, -9))
    assert known.blow_up.none > 0.8
    assert known.trains.none > 0.8


FINE = 10 ** np.arange(-3, 1.01, 0.05)


@pytest.mark.parametrize("end", [0.1, 0.4, 9.0])
@pytest.mark.parametrize("every", [2, 3, 4])
def test_dead_runs_between_blown_up_ones_are_no_threshold(every: int, end: float):
    """A band that ends inside the range, above which all blow up, and one that does not."""

    def islands(x: float) -> Verdict:
        if -1.55 < x < end:
            return Verdict.BLEW_UP if round(20 * x) % every == 0 else Verdict.UNTRAINED
        return sharp(-2.5, -1.55, -1.55)(x)

    odd, clean = seen(islands, FINE), seen(sharp(-2.5, -1.55, -1.55), FINE)
    assert odd.no_threshold > 0.6
    assert clean.no_threshold < 0.05
    assert clean.blown.bayes_factor < 0.3 < 20 < odd.blown.bayes_factor
    # Its onset is still told.
    assert odd.blow_up.median == pytest.approx(-1.5, abs=0.25)


@pytest.mark.parametrize("row", ["X.XXXXXX", "XX..XXXX", "XXX....X", "X......X", "......X."])
def test_odd_runs_beside_a_threshold_are_noise(row: str):
    """Runs a twentieth of a decade apart above -0.5; below all are finite, beyond all blow up."""

    def noisy(x: float) -> Verdict:
        place = round((x + 0.5) * 20)
        odd = 0 <= place < len(row) and row[place] == "."
        return Verdict.UNTRAINED if place < 0 or odd else Verdict.BLEW_UP

    assert seen(noisy, FINE).no_threshold < 0.35


def test_a_run_s_forecast_is_what_is_known_after_it():
    """P(edge, blew up | x) by `joint` and by Bayes' rule in `given`, with and without a band."""
    x = 0.03
    for rates in ((), (-1.0, 0.7), (-1.0, -0.4, 0.7)):
        known = Thresholds.prior(LOW, HIGH)
        for at in rates:
            known = known.given([(10**at, Verdict.BLEW_UP), (10 ** (at + 0.1), Verdict.UNTRAINED)])
        joint = known.blown.joint(np.array([x]))[:, 0]
        after, otherwise = (known.blown.given(x, blew_up) for blew_up in (True, False))
        np.testing.assert_allclose(joint / joint.sum(), after.edge.weights, atol=1e-12)
        left = known.blow_up.weights - joint
        np.testing.assert_allclose(left / left.sum(), otherwise.edge.weights, atol=1e-12)


def test_a_range_too_narrow_for_an_edge_tells_nothing_of_a_band():
    known = Thresholds.prior(0.1, 0.11).given([(0.1, Verdict.BLEW_UP)])
    assert known.no_threshold == 0
    assert known.blown.bayes_factor == pytest.approx(1)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Edges and noise drawn from the prior, runs from the model: 90 % intervals, 60 draws."""
    draw = np.random.default_rng(3)
    held = np.zeros(2)
    for _ in range(60):
        lower, upper = np.sort(draw.uniform(-2.95, 0.95, 2))
        blow_up = draw.uniform(upper, 0.95)
        scale = draw.choice(SCALES, p=SCALE_PRIOR)
        runs = []
        for x in draw.choice(np.arange(-3, 1.01, 0.05), 12, replace=False):
            noisy = x + draw.logistic(scale=scale, size=3)
            if noisy[0] > blow_up:
                verdict = Verdict.BLEW_UP
            else:
                inside = noisy[1] > lower and noisy[2] < upper
                verdict = Verdict.TRAINED if inside else Verdict.UNTRAINED
            runs.append((10**x, verdict))
        known = Thresholds.prior(LOW, HIGH).given(runs)
        for k, (edge, place) in enumerate([(known.blow_up, blow_up), (known.trains, upper)]):
            low, high = edge.interval()
            held[k] += low <= place <= high
    assert (held / 60 > 0.78).all(), held / 60  # three deviations of 60 draws below 0.9


def test_a_neighbour_warms_the_start_and_may_be_wrong():
    near = seen(sharp(-2, -0.5, 0.1)).warming(0.3)
    assert near.runs == 0
    assert near.trains.median == pytest.approx(-0.5, abs=0.15)
    cold = Thresholds.prior(LOW, HIGH)
    for place in (near.trains, near.blow_up):
        assert place.weights.sum() == pytest.approx(1)
    uniform = cold.trains.weights
    assert (near.trains.weights >= 0.0999 * uniform).all()
    few = [(rate, sharp(-3, -1.52, -0.98)(math.log10(rate))) for rate in RATES[::3]]
    assert near.given(few).trains.median == pytest.approx(-1.52, abs=0.2)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (1, 1), (2, 1), (1, math.inf)])
def test_a_range_that_is_none_is_refused(low: float, high: float):
    with pytest.raises(BadInput, match=f"low={low}, high={high}.*the smaller one first"):
        Thresholds.prior(low, high)


def test_a_narrow_range_has_an_answer():
    known = Thresholds.prior(0.1, 0.11).given([(0.1, Verdict.TRAINED)])
    assert known.trains.every > 0.5
