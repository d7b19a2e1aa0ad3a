from __future__ import annotations

import math

import pytest
from benchmarks.ioffe2015.arms import (
    BASELINE,
    PLAIN,
    PLAIN_SIGMOID,
    PLAIN_X5,
    SIGMOID,
    X5,
    X30,
)
from benchmarks.ioffe2015.claims import claims
from benchmarks.ioffe2015.measures import Measured, best_rate, measure, steps_to

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.report.claims import Finding
from tests.lab.pretending import outcome, run

pytestmark = pytest.mark.once


def curve(*accuracies: float, rate: float = 0.1, seed: int = 0, verdict=Verdict.ALIVE):
    """A run of 20 steps a point."""
    return outcome(run(rate, seed, steps=20 * len(accuracies)), verdict, accuracies)


def test_steps_to_an_accuracy():
    one = curve(0.2, 0.7, 0.6, 0.9)
    assert steps_to(0.2, one) == 20
    assert steps_to(0.65, one) == 40
    assert steps_to(0.9, one) == 80
    assert steps_to(0.95, one) == math.inf


def test_an_arm_is_measured_against_the_plain_run_of_its_seed():
    plain = [curve(0.3, 0.6, 0.8, 0.7), curve(0.3, 0.5, 0.6, 0.9, seed=1)]
    arm = [curve(0.5, 0.8, 0.9, 0.9), curve(0.5, 0.8, 0.8, 0.8, seed=1)]
    found = measure(arm, plain)
    assert found.best == (0.9, 0.8)
    assert found.steps == (40, math.inf)
    assert found.speedup == (60 / 40, 0.0)
    assert found.share(Verdict.ALIVE) == (1.0, 1.0)
    assert measure(plain, plain).speedup == (1.0, 1.0)


def sweep(**curves: tuple[float, ...]) -> list:
    """Three seeds of each learning rate, named as in `r01=...` for 0.1."""
    return [
        curve(*points, rate=float(f"{name[1]}.{name[2:]}"), seed=seed)
        for name, points in curves.items()
        for seed in range(3)
    ]


def test_the_rate_is_that_of_the_highest_best_accuracy():
    assert best_rate(sweep(r001=(0.1, 0.2, 0.95), r01=(0.6, 0.8, 0.90))) == 0.01
    assert best_rate(sweep(r01=(0.6, 0.95, 0.1), r1=(0.6, 0.8, 0.90))) == 0.1


def test_of_rates_that_are_as_good_it_is_the_fastest():
    assert best_rate(sweep(r001=(0.1, 0.2, 0.95), r01=(0.6, 0.8, 0.946))) == 0.1


def test_one_lucky_seed_does_not_choose_the_rate():
    lucky = curve(0.9, 0.95, 0.99, rate=1.0)
    unlucky = [curve(0.1, rate=1.0, seed=seed, verdict=Verdict.BLEW_UP) for seed in (1, 2)]
    assert best_rate([lucky, *unlucky, *sweep(r01=(0.6, 0.8, 0.9))]) == 0.1


def measured(speedup: float = 1.0, best: float = 0.9, verdict: Verdict = Verdict.ALIVE):
    return Measured((best,) * 3, (10.0,) * 3, (speedup,) * 3, (verdict,) * 3)


def findings(**changes) -> list[Finding]:
    """The findings where every sentence of the paper holds, but for the changes."""
    arms = {
        BASELINE: measured(2.0),
        X5: measured(4.0, best=0.9),
        X30: measured(3.0, best=0.9),
        PLAIN_X5: measured(0.0, verdict=Verdict.BLEW_UP),
        SIGMOID: measured(0.5),
        PLAIN_SIGMOID: measured(0.0, best=0.1, verdict=Verdict.UNTRAINED),
    }
    named = {"baseline": BASELINE, "x5": X5, "x30": X30, "plain_x5": PLAIN_X5,
             "sigmoid": SIGMOID, "plain_sigmoid": PLAIN_SIGMOID}  # fmt: skip
    arms |= {named[name]: value for name, value in changes.items()}
    return [claim.finding for claim in claims(arms)]


def test_claims_that_all_hold():
    assert findings() == [Finding.REPRODUCED] * 7


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        ({"baseline": measured(0.9)}, 0),
        ({"x5": measured(2.9)}, 1),
        ({"x5": measured(4.0, verdict=Verdict.BLEW_UP)}, 2),
        ({"x30": measured(3.0, best=0.894)}, 3),
        ({"plain_x5": measured(0.0, verdict=Verdict.UNTRAINED)}, 4),
        ({"sigmoid": measured(0.0, verdict=Verdict.UNTRAINED)}, 5),
        ({"plain_sigmoid": measured(0.0, verdict=Verdict.ALIVE)}, 6),
    ],
)
def test_each_claim_fails_alone(change, claim):
    found = findings(**change)
    assert [k for k, finding in enumerate(found) if finding is Finding.NOT_REPRODUCED] == [claim]


def test_claims_need_their_arms():
    assert claims({PLAIN: measured()}) == []
