"""Clopper-Pearson intervals against scipy's, and their coverage counted over all outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from keras_norms.lab.statistics import share_interval

pytestmark = pytest.mark.once


@pytest.mark.parametrize("of", [1, 3, 6, 9, 25])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_is_scipys(of: int, confidence: float):
    for count in range(of + 1):
        expected = binomtest(count, of).proportion_ci(confidence, method="exact")
        found = share_interval(count, of, confidence)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
        assert found.coverage == confidence


@pytest.mark.parametrize(("of", "low"), [(3, 0.29), (5, 0.48), (6, 0.54)])
def test_what_all_of_few_seeds_allow(of: int, low: float):
    assert share_interval(of, of).low == pytest.approx(low, abs=0.005)
    assert share_interval(of, of).high == 1


@pytest.mark.parametrize("of", [4, 9, 20])
def test_no_share_is_covered_less_often_than_stated(of: int):
    found = [share_interval(count, of) for count in range(of + 1)]
    for share in np.linspace(0.01, 0.99, 99):
        held = [share in each for each in found]
        assert binom.pmf(np.arange(of + 1), of, share)[held].sum() >= 0.95


@pytest.mark.parametrize(("count", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_counts_that_cannot_be_are_refused(count: int, of: int):
    with pytest.raises(ValueError, match=f"Invalid count={count} of={of}: must be 0 <= count"):
        share_interval(count, of)
