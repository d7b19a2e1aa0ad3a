"""The power of n seeds against simulated verdicts, and the seeds that would decide."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom

from keras_norms.lab.statistics import (
    judge,
    judge_share,
    power,
    seeds_to_decide,
    share_seeds_to_decide,
)
from keras_norms.lab.statistics.power import expected_power, share_power

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("n", "expected"), [(5, 0), (6, 0.53), (9, 0.77), (12, 0.89)])
def test_the_power_where_nine_seeds_in_ten_agree(n: int, expected: float):
    assert power(n, 0.9) == pytest.approx(expected, abs=0.006)
    agreeing = np.random.default_rng(n).random((5_000, n)) < 0.9
    decided = [judge(np.where(row, 1.0, -1.0), ">", 0).holds is not None for row in agreeing]
    assert np.mean(decided) == pytest.approx(power(n, 0.9), abs=0.02)


def test_either_side_decides():
    assert power(9, 0.1) == pytest.approx(power(9, 0.9))
    assert power(6, 0.5) == pytest.approx(2 / 64)


def test_the_power_of_what_few_seeds_say_is_averaged_over_what_they_leave_open():
    for agree, seeds, n in ((3, 3, 9), (5, 6, 12), (2, 4, 6)):
        law = betabinom(n, seeds - agree + 0.5, agree + 0.5)
        fewest = {6: 1, 9: 2, 12: 3}[n]  # the rank of the interval's ends
        expected = law.cdf(fewest - 1) + law.sf(n - fewest)
        assert expected_power(n, agree, seeds) == pytest.approx(expected)
    assert expected_power(5, 5, 5) == 0


def test_more_agreement_needs_fewer_seeds():
    needed = [seeds_to_decide(agree, 9) for agree in (9, 8, 7)]
    assert needed == sorted(needed)
    assert needed[0] >= 6
    for agree, n in zip((9, 8, 7), needed, strict=True):
        assert expected_power(n, agree, 9) >= 0.8 > expected_power(n - 1, agree, 9)
    assert seeds_to_decide(1, 9) == needed[1]  # one that agrees is eight that agree otherwise
    assert seeds_to_decide(6, 12) is None  # even seeds decide nothing


@pytest.mark.parametrize(("agree", "seeds"), [(0, 0), (4, 3), (-1, 3)])
def test_counts_that_cannot_be_are_refused(agree: int, seeds: int):
    with pytest.raises(ValueError, match=f"Invalid agree={agree}, seeds={seeds}"):
        seeds_to_decide(agree, seeds)
    with pytest.raises(ValueError, match=r"Invalid agreement=1\.5"):
        power(6, 1.5)


@pytest.mark.parametrize(("count", "of", "n"), [(4, 6, 12), (0, 6, 9), (5, 9, 20)])
def test_the_power_of_a_share_against_simulated_verdicts(count: int, of: int, n: int):
    random = np.random.default_rng(n)
    shares = random.beta(count + 0.5, of - count + 0.5, 5_000)
    decided = [judge_share(k, n, ">", 0.5).holds is not None for k in random.binomial(n, shares)]
    assert share_power(n, count, of, 0.5) == pytest.approx(np.mean(decided), abs=0.02)


def test_a_share_far_from_the_threshold_needs_fewer_seeds():
    far, near = (share_seeds_to_decide(count, 6, 0.5) for count in (6, 5))
    assert far is not None
    assert near is not None
    assert 6 <= far < near
    assert share_power(far, 6, 6, 0.5) >= 0.8 > share_power(far - 1, 6, 6, 0.5)
    assert share_seeds_to_decide(3, 6, 0.5) is None
    assert judge_share(5, 6, ">", 0.5).seeds_to_decide == near
