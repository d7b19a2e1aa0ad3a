"""Verdicts: only a 95 % interval wholly on one side decides, and seldom wrongly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keras_norms.lab.statistics import Finding, Interval, judge, judge_share
from keras_norms.lab.statistics.finding import expected_wrong

pytestmark = pytest.mark.once

NINE = [3.0, 4, 5, 6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    ("values", "sign", "threshold", "finding"),
    [
        (NINE, ">", 3.9, Finding.REPRODUCED),  # the interval is from the 2nd to the 8th
        (NINE, ">", 4, Finding.UNDECIDED),
        (NINE, ">=", 4, Finding.REPRODUCED),
        (NINE, ">", 10, Finding.NOT_REPRODUCED),
        (NINE, ">=", 10, Finding.UNDECIDED),
        (NINE, "<", 3.9, Finding.NOT_REPRODUCED),
        (NINE, "<=", 10, Finding.REPRODUCED),
        ([math.inf] * 8 + [0.0], ">", 1, Finding.REPRODUCED),
        ([math.inf] * 4 + [0.0] * 5, ">", 1, Finding.UNDECIDED),
        ([2.0] * 6, ">", 1, Finding.REPRODUCED),
        ([2.0] * 5, ">", 1, Finding.UNDECIDED),
        ([0.0] * 3, ">", 1, Finding.UNDECIDED),
    ],
)
def test_the_interval_decides(values, sign, threshold, finding):
    assert judge(values, sign, threshold).finding is finding


def test_fewer_than_six_seeds_say_how_many_agree():
    assert str(judge([2.0, 3, 4], ">", 1)) == "undecided (3 of 3 seeds agree)"
    assert str(judge([2.0, 3, 0], "<", 1)) == "undecided (1 of 3 seeds agree)"
    assert str(judge([2.0] * 6, ">", 1)) == "reproduced"
    assert judge([2.0, 3, 4], ">", 1).seeds_to_decide >= 6


def test_images_must_lie_on_the_same_side():
    def with_images(low: float, high: float, coverage: float = 0.95) -> Finding:
        return judge(NINE, ">", 2, images=Interval(low, high, coverage)).finding

    assert with_images(2.5, 9) is Finding.REPRODUCED
    assert with_images(1.5, 9) is Finding.UNDECIDED
    assert with_images(2.5, 9, 0.9) is Finding.UNDECIDED
    assert with_images(0.5, 1) is Finding.UNDECIDED
    # What is printed is the coverage over the seeds.
    assert judge(NINE, ">", 2, images=Interval(2.5, 9, 0.95)).interval.coverage > 0.96


def test_shares():
    assert judge_share(6, 6, ">", 0.5).finding is Finding.REPRODUCED
    assert judge_share(5, 6, ">", 0.5).finding is Finding.UNDECIDED
    assert judge_share(0, 6, ">", 0.5).finding is Finding.NOT_REPRODUCED
    assert judge_share(5, 5, ">", 0.4).finding is Finding.UNDECIDED  # five seeds decide nothing
    assert judge_share(5, 6, ">", 0.5).estimate == pytest.approx(5 / 6)


@pytest.mark.parametrize("n", [3, 6, 7, 10])
def test_a_median_on_the_threshold_is_called_reproduced_in_one_case_of_forty_or_fewer(n: int):
    values = np.random.default_rng(n).normal(size=(8_000, n))
    found = [judge(row, ">", 0).finding for row in values]
    for side in (Finding.REPRODUCED, Finding.NOT_REPRODUCED):
        assert np.mean([each is side for each in found]) <= 0.025 + 3 * 0.0018


def test_the_wrong_verdicts_to_expect_are_counted():
    of_nine = judge(NINE, ">", 0)
    assert expected_wrong([of_nine] * 100) == pytest.approx(50 * (1 - of_nine.interval.coverage))
    assert expected_wrong([judge([1.0, 2, 3], ">", 0)]) == 0


def test_other_signs_and_nan_are_refused():
    with pytest.raises(ValueError, match="Invalid sign='=': must be one of >, >=, <, <="):
        judge(NINE, "=", 1)
    with pytest.raises(ValueError, match=r"values is NaN at \[0\]"):
        judge([math.nan], ">", 1)
