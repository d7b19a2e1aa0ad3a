"""Correlations against SciPy's; what is missing is left out; few pairs say little."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from keras_norms.lab.edges.agreement import agreement

pytestmark = pytest.mark.once


def test_correlations_of_logarithms_and_ranks():
    draw = np.random.default_rng(0)
    predicted = 10 ** draw.normal(size=12)
    measured = predicted**0.5 * 10 ** (0.3 * draw.normal(size=12))
    measured[3] = measured[4]  # a tie
    found = agreement(predicted, measured)
    wanted = stats.pearsonr(np.log10(predicted), np.log10(measured)).statistic
    np.testing.assert_allclose(found.pearson, wanted)
    np.testing.assert_allclose(found.spearman, stats.spearmanr(predicted, measured).statistic)
    low, high = found.pearson_interval
    assert -1 <= low < found.pearson < high <= 1
    np.testing.assert_allclose(found.ratios, np.sort(measured / predicted))


def test_pairs_that_lack_a_number_are_left_out():
    found = agreement([1, 2, math.nan, math.inf, 5, 6], [2, 8, 1, 1, math.nan, 6])
    assert found.pairs == 3
    np.testing.assert_allclose(found.ratios, [1, 2, 4])


def test_few_pairs_have_no_interval_and_two_no_correlation():
    few = agreement([1, 2, 3], [1, 2, 3])
    assert few.pearson == pytest.approx(1)
    assert few.pearson_interval is None
    assert math.isnan(agreement([1, 2], [1, 2]).pearson)
    assert agreement([], []).ratios == ()


def test_a_constant_side_correlates_with_nothing():
    assert math.isnan(agreement([1, 1, 1, 1], [1, 2, 3, 4]).pearson)
