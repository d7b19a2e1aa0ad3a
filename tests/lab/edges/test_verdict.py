"""Verdicts on curves that are drawn by hand."""

from __future__ import annotations

import math

import pytest

from keras_norms.lab.edges.verdict import (
    Verdict,
    blow_up_limit,
    blown_up_at,
    classify,
    dead_limit,
    final_steps,
    trained_above,
    useful_below,
)

pytestmark = pytest.mark.once

CHANCE = 0.1


def test_limit_is_ten_times_the_larger_of_first_loss_and_chance_loss():
    assert blow_up_limit(5.0, 10) == 50.0
    assert blow_up_limit(0.5, 10) == pytest.approx(23.02585093)  # 10 ln 10
    assert blow_up_limit(0.5, 2) == pytest.approx(6.931471806)


@pytest.mark.parametrize(("classes", "accuracy"), [(10, 0.2), (2, 5 / 9), (100, 0.12)])
def test_accuracy_that_beats_chance(classes: int, accuracy: float):
    assert trained_above(classes) == pytest.approx(accuracy)


@pytest.mark.parametrize(("steps", "last"), [(1000, 100), (200, 20), (50, 10), (10, 10), (4, 4)])
def test_how_many_steps_say_where_a_run_ended(steps: int, last: int):
    assert final_steps(steps) == last


@pytest.mark.parametrize("bad", [math.nan, math.inf, 50.001, 1e30])
@pytest.mark.parametrize("step", [1, 7, 19])
def test_one_bad_loss_is_a_blow_up_there(bad: float, step: int):
    losses = [5.0] * 20
    losses[step] = bad
    assert classify(losses, [1.0] * 20, 10) == (Verdict.BLEW_UP, step)


def test_the_first_of_several_bad_losses_counts():
    assert blown_up_at([2.0, 1.0, 80.0, math.nan], 10) == 2


@pytest.mark.parametrize("first", [math.nan, math.inf, 23.03, 1e8])
def test_a_first_loss_above_ten_times_chance_is_dead_at_start(first: float):
    assert classify([first, 1.0], [0.1, 0.1], 10) == (Verdict.DEAD, 0)
    assert dead_limit(10) == pytest.approx(23.02585093)


def test_a_large_first_loss_below_that_is_alive_and_sets_the_limit():
    assert blown_up_at([20.0, 199.0, 1.0], 10) is None
    assert blown_up_at([20.0, 201.0, 1.0], 10) == 1


@pytest.mark.parametrize(
    ("last", "accuracy", "verdict"),
    [
        (1.15, 0.9, Verdict.USEFUL),
        (1.16, 0.9, Verdict.ALIVE),
        (0.1, 0.1, Verdict.UNTRAINED),  # a loss alone is not enough
        (2.3, 0.1, Verdict.UNTRAINED),
    ],
)
def test_useful_is_a_final_training_loss_below_half_of_that_at_chance(last, accuracy, verdict):
    assert useful_below(10) == pytest.approx(math.log(10) / 2)
    losses = [*[0.5] * 150, *[last] * 50]  # the last tenth counts
    assert classify(losses, [accuracy] * 200, 10) == (verdict, None)


def test_a_peak_between_two_and_ten_times_the_start_may_recover():
    losses = [2.4, 20.0, 23.0, *[0.1] * 97]
    assert classify(losses, [*[CHANCE] * 50, *[0.9] * 50], 10) == (Verdict.USEFUL, None)


def test_no_losses_are_no_blow_up():
    assert blown_up_at([], 10) is None


@pytest.mark.parametrize(
    ("end", "verdict"),
    [(0.1, Verdict.UNTRAINED), (0.19, Verdict.UNTRAINED), (0.21, Verdict.ALIVE)],
)
def test_the_end_of_a_run_decides(end: float, verdict: Verdict):
    accuracies = [0.5] * 180 + [end] * 20
    assert classify([2.3] * 200, accuracies, 10) == (verdict, None)


def test_accuracy_at_the_bound_has_not_beaten_it():
    # 5/9 for two classes, as a mean of nine batches of which five are right
    accuracies = [1.0] * 5 + [0.0] * 4
    assert classify([0.7] * 9, accuracies, 2)[0] is Verdict.UNTRAINED


def test_early_accuracy_does_not_save_a_run():
    accuracies = [1.0] * 90 + [CHANCE] * 10
    assert classify([1.0] * 100, accuracies, 10) == (Verdict.UNTRAINED, None)


def test_verdicts_are_their_words():
    words = ["blew up", "dead at start", "untrained", "alive", "useful"]
    assert [str(verdict) for verdict in Verdict] == words
    assert Verdict("blew up") is Verdict.BLEW_UP
    assert [verdict.blown for verdict in Verdict] == [True, True, False, False, False]
    assert [verdict.trained for verdict in Verdict] == [False, False, False, True, True]
