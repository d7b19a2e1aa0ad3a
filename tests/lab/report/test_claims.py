from __future__ import annotations

import math

import pytest

from keras_norms.lab.report.claims import Claim, Finding, bootstrap, claims_table

pytestmark = pytest.mark.once


def claim(*values: float, threshold: float = 1.0, **fields) -> Claim:
    return Claim("It is faster.", "a / b", threshold=threshold, values=values, **fields)


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ((2.0, 3.0, 1.5), Finding.REPRODUCED),
        ((0.5, 0.9, 0.2), Finding.NOT_REPRODUCED),
        ((0.5, 2.0, 3.0), Finding.UNDECIDED),
        ((1.0, 1.0, 1.0), Finding.NOT_REPRODUCED),  # greater, not equal
        ((0.0, 0.0, 4.0), Finding.UNDECIDED),
        ((math.inf, 2.0, 3.0), Finding.REPRODUCED),
        ((2.0,), Finding.REPRODUCED),
    ],
)
def test_findings_with_known_answers(values, finding):
    assert claim(*values).finding is finding


def test_or_equal_takes_the_threshold_itself():
    assert claim(1.0, 1.0, 1.0, or_equal=True).finding is Finding.REPRODUCED
    assert claim(0.9, 1.0, 1.0, or_equal=True).finding is Finding.UNDECIDED


def test_the_estimate_is_the_median():
    assert claim(1.0, 2.0, 30.0).estimate == 2.0


def test_a_missing_number_is_no_claim():
    for values in ((), (1.0, math.nan)):
        with pytest.raises(ValueError, match="lack a number"):
            claim(*values)


def test_the_interval_of_few_seeds_is_their_range():
    """The median of 3 resampled values is the smallest with probability 7/27, of 5 with 0.058."""
    assert bootstrap((3.0, 1.0, 2.0)) == (1.0, 3.0)
    assert bootstrap((5.0, 3.0, 1.0, 2.0, 4.0)) == (1.0, 5.0)


def test_the_interval_of_many_seeds_narrows_as_the_binomial_says():
    """Order statistics 40 and 61 of 100 hold the median with 95 %, whatever the distribution."""
    low, high = bootstrap(tuple(range(1, 101)))
    assert low == pytest.approx(40.5, abs=1.5)
    assert high == pytest.approx(60.5, abs=1.5)


def test_the_interval_is_the_same_each_time_and_takes_infinities():
    assert bootstrap((1.0, math.inf, 2.0)) == bootstrap((1.0, math.inf, 2.0)) == (1.0, math.inf)


def test_the_table_has_sentence_numbers_and_verdict():
    found = claims_table("a", [claim(2.0, 3.0, 1.5, paper="14.8")], "Claims")
    (row,) = found.frame.to_dict("records")
    assert row == {
        "claim": "It is faster.",
        "as an inequality": "a / b > 1",
        "paper": "14.8",
        "here": "2 [1.5, 3]",
        "seeds": 3,
        "verdict": "reproduced",
    }
