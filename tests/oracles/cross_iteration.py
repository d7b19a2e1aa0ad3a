"""Cross-iteration batch normalization in float64, from Yao et al. 2021 (arXiv:2002.05712)."""

from __future__ import annotations

import numpy as np


def rows(inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What each output position sees: the inputs, or the patches of a convolution, flattened."""
    space = kernel.shape[:-2]
    if not space:
        return inputs.reshape(-1, inputs.shape[-1])
    axes = tuple(range(1, 1 + len(space)))
    patches = np.lib.stride_tricks.sliding_window_view(inputs, space, axes)
    return np.moveaxis(patches, 1 + len(space), -1).reshape(-1, kernel[..., 0].size)


def statistics(inputs, kernel) -> tuple[np.ndarray, np.ndarray]:
    """mu and nu = E[x^2] of the linear layer's outputs x = h w."""
    x = rows(inputs, kernel) @ kernel.reshape(-1, kernel.shape[-1])
    return x.mean(0), (x**2).mean(0)


def expanded(inputs, then, now) -> tuple[np.ndarray, np.ndarray]:
    """mu and nu of a past batch by equations 8 and 9: d mu / dw = E[h], d nu / dw = 2 E[h x]."""
    h, (mu, nu) = rows(inputs, then), statistics(inputs, then)
    step = (now - then).reshape(-1, now.shape[-1])
    x = h @ then.reshape(step.shape)
    return mu + h.mean(0) @ step, nu + (2 * (h.T @ x) / len(h) * step).sum(0)


def cross_iteration(past, inputs, kernel, gamma=1.0, beta=0.0, *, epsilon=1e-3) -> np.ndarray:
    """Equations 10 to 13, for `past` pairs of inputs and kernels, outputs as rows."""
    mus, nus = zip(
        statistics(inputs, kernel), *(expanded(h, w, kernel) for h, w in past), strict=True
    )
    mean = np.mean(mus, axis=0)
    variance = np.mean(np.maximum(nus, np.square(mus)), axis=0) - mean**2
    x = rows(inputs, kernel) @ kernel.reshape(-1, kernel.shape[-1])
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
