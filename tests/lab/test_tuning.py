"""How a learning rate is chosen, and what two groups are compared by."""

from __future__ import annotations

import math

import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.found import Group, between, steps_ratio
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import best_rate, mean_accuracy, on_validation, peak_rate, with_data
from tests.benchmarks.made_up import trained

pytestmark = pytest.mark.once


def group(*curves: tuple[float, ...], verdict: str = "useful", first: int = 0) -> Group:
    """A seed a curve, of 20 steps a point."""
    runs = [
        Run(model="mlp", learning_rate=0.1, steps=20 * len(curve), seed=seed)
        for seed, curve in enumerate(curves, start=first)
    ]
    done = [trained(run, *curve, verdict=verdict) for run, curve in zip(runs, curves, strict=True)]
    return Group("group", runs, done)


def three(*curve: float) -> Group:
    return group(*[curve] * 3)


def test_the_rate_is_that_of_the_highest_best_accuracy():
    assert best_rate({0.01: three(0.1, 0.2, 0.95), 0.1: three(0.6, 0.8, 0.90)}) == 0.01
    assert best_rate({0.1: three(0.6, 0.95, 0.1), 1.0: three(0.6, 0.8, 0.90)}) == 0.1


def test_of_rates_that_are_as_good_it_is_the_fastest():
    assert best_rate({0.01: three(0.1, 0.2, 0.95), 0.1: three(0.6, 0.8, 0.946)}) == 0.1


def test_one_lucky_seed_does_not_choose_the_rate():
    lucky = group((0.9, 0.95, 0.99), (0.1,) * 3, (0.1,) * 3)
    assert best_rate({1.0: lucky, 0.1: three(0.6, 0.8, 0.9)}) == 0.1


def test_what_blew_up_has_no_accuracy():
    assert mean_accuracy(group((0.9, 0.9), verdict="blew up")).estimate == 0


def test_a_rate_is_tried_on_what_is_held_out():
    run = Run(model="mlp", learning_rate=0.1, data="digits:binary=true", keep_predictions=True)
    tried = on_validation(run)
    assert tried.data == "digits:binary=true,evaluate_on=validation,validation=0.2"
    assert not tried.keep_predictions
    assert with_data(Run(model="mlp", learning_rate=0.1), "part=0.1").data == "digits:part=0.1"


def test_steps_of_one_over_those_of_the_other():
    there, never = group((0.5, 0.96)), group((0.5, 0.6))
    pairs = ((there, there), (never, never), (never, there), (there, never))
    found = [steps_ratio(*pair, 0.95).estimate for pair in pairs]
    assert found == [1, 1, math.inf, 0]
    with pytest.raises(BadInput, match="different seeds"):
        between(there, group((0.5,), first=3), lambda a, b: 0.0, "nothing")


def test_the_peak_of_a_seed_lies_between_the_rates():
    rates = [0.01, 0.1, 1.0]
    for best in (0.05, 0.1, 0.3):
        accuracies = [0.9 - 0.1 * math.log10(rate / best) ** 2 for rate in rates]
        assert peak_rate(rates, accuracies) == pytest.approx(best)
    assert peak_rate(rates, [0.1, 0.2, 0.3]) == 1.0
    assert peak_rate(rates, [0.3, 0.3, 0.3]) == 0.01
