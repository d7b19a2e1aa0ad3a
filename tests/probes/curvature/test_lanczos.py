"""Lanczos against dense eigenvalues and SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import LinearOperator, eigsh

from keras_norms.probes.curvature.lanczos import largest_eigenvalue

pytestmark = pytest.mark.once


def symmetric(values: np.ndarray, seed: int) -> np.ndarray:
    size = len(values)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))
    return turn @ np.diag(values) @ turn.T


def largest(matrix: np.ndarray, **options: float) -> tuple[float, int, float]:
    options = {"tolerance": 1e-6, "iterations": 100, "seed": 0} | options
    return largest_eigenvalue(lambda v: matrix @ v, len(matrix), **options)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.integers(0, 9))
def test_the_rightmost_eigenvalue(values, seed):
    value, count, _ = largest(symmetric(np.array(values), seed))
    np.testing.assert_allclose(value, max(values), atol=1e-4 * max(1e-9, *map(abs, values)))
    assert count <= len(values)


def test_a_large_negative_eigenvalue_does_not_disturb():
    values = np.concatenate([[-1e4, 3.0], np.linspace(-1, 1, 200)])
    matrix = symmetric(values, 0)
    value, count, residual = largest(matrix)
    np.testing.assert_allclose(value, 3.0, rtol=1e-6)
    assert residual <= 1e-6
    assert count < 60
    (theirs,) = eigsh(
        LinearOperator(matrix.shape, matvec=lambda v: matrix @ v, dtype=float), 1, which="LA"
    )[0]
    np.testing.assert_allclose(value, theirs, rtol=1e-8)


def test_the_residual_says_how_far_it_got():
    matrix = symmetric(np.linspace(0, 1, 300), 1)
    value, count, residual = largest(matrix, iterations=5)
    assert count == 5
    assert residual > 1e-6
    assert np.abs(np.linalg.eigvalsh(matrix) - value).min() <= residual * value


def test_a_matrix_of_zeros():
    assert largest(np.zeros((5, 5))) == (0.0, 1, 0.0)


def test_a_product_that_is_not_finite():
    value, count, residual = largest(np.full((3, 3), np.nan))
    assert np.isnan(value)
    assert np.isnan(residual)
    assert count == 1
