"""The recursion against wide networks in NumPy, its terms summed over the very examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keras_norms.lab.edges.mean_field import eigenvalue_bound

pytestmark = pytest.mark.once


def overlap_of_gradients(fan_in: list[int], sigma_w2: list[float], q_xy: float, seed: int) -> float:
    """The product of two examples' gradients of one output in all kernels, by backpropagation."""
    draw = np.random.default_rng(seed)
    first, other = draw.normal(size=(2, fan_in[0]))
    h = np.stack([first, q_xy * first + math.sqrt(1 - q_xy**2) * other])
    sizes = [*fan_in, 1]
    kernels = [
        draw.normal(size=(sizes[i], sizes[i + 1])) * math.sqrt(sigma_w2[i] / sizes[i])
        for i in range(len(fan_in))
    ]
    entering, positive = [], []
    for kernel in kernels[:-1]:
        entering.append(h)
        z = h @ kernel
        positive.append(z > 0)
        h = np.maximum(z, 0)
    entering.append(h)
    slope, total = np.ones((2, 1)), 0.0
    for i in reversed(range(len(kernels))):
        total += (entering[i][0] @ entering[i][1]) * (slope[0] @ slope[1])
        if i:
            slope = (slope @ kernels[i].T) * positive[i - 1]
    return total


@pytest.mark.parametrize("q_xy", [0.0, 0.5, 1.0])
def test_a_wide_network_without_a_normalizer(q_xy):
    fan_in, sigma_w2 = [300, 400, 400, 400], [2.0, 2.0, 1.5, 1.2]
    measured = [overlap_of_gradients(fan_in, sigma_w2, q_xy, seed) for seed in range(60)]
    found = eigenvalue_bound(fan_in, sigma_w2, q_xy=q_xy)
    np.testing.assert_allclose(np.mean(measured), found, rtol=0.06)


def test_batch_normalization_by_hand():
    n, gamma, q, q_xy = 100, 1.5, 1.2, 0.4
    found = eigenvalue_bound([64, n, n], [2.0, 2.0, 1.0], q=q, q_xy=q_xy, gamma=gamma)
    head = n * gamma**2 / (2 * math.pi)
    second = n * gamma**2 / (2 * math.pi) * gamma**2 * 1.0 / (4 * gamma**2)  # q^2 = gamma^2
    first = 64 * q_xy * (1 / 4) * gamma**2 * 2.0 / (4 * 2 * q)
    np.testing.assert_allclose(found, head + second + first)


def test_the_papers_figure_1():
    """Without a normalizer flat in gamma; with one rising, and below it for a small gamma."""
    wide, he = [784, 1000, 1000, 1000], [2.0] * 4
    plain = eigenvalue_bound(wide, he)
    by_gamma = [eigenvalue_bound(wide, he, gamma=gamma) for gamma in (0.5, 1.0, 2.0, 4.0, 8.0)]
    assert by_gamma == sorted(by_gamma)
    assert by_gamma[1] < plain < by_gamma[-1]
