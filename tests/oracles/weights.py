"""Weight normalizers in float64; `fan` names the axes of one filter in the kernel."""

from __future__ import annotations

import numpy as np

Fan = tuple[int, ...]


def _per_filter(value: np.ndarray, kernel: np.ndarray, fan: Fan) -> np.ndarray:
    return np.reshape(value, [1 if a in fan else n for a, n in enumerate(kernel.shape)])


def standardized(kernel: np.ndarray, fan: Fan, *, epsilon: float = 1e-5) -> np.ndarray:
    """Qiao et al. 2019, Section 3: (W - mean) / (std + epsilon), std biased."""
    mean = kernel.mean(axis=fan, keepdims=True)
    return (kernel - mean) / (kernel.std(axis=fan, keepdims=True) + epsilon)


def scaled(
    kernel: np.ndarray,
    fan: Fan,
    gain: np.ndarray,
    *,
    gamma: float = np.sqrt(2 / (1 - 1 / np.pi)),
    epsilon: float = 1e-4,
) -> np.ndarray:
    """Brock, De & Smith 2021, equation 1, with the code's floor under the variance."""
    size = np.prod([kernel.shape[a] for a in fan])
    spread = np.maximum(size * kernel.var(axis=fan, keepdims=True), epsilon)
    centred = kernel - kernel.mean(axis=fan, keepdims=True)
    return _per_filter(gain, kernel, fan) * gamma * centred / np.sqrt(spread)


def normalized(kernel: np.ndarray, fan: Fan, gain: np.ndarray) -> np.ndarray:
    """Salimans & Kingma 2016, equation 2: g v / ||v||."""
    norm = np.sqrt((kernel**2).sum(axis=fan, keepdims=True))
    return _per_filter(gain, kernel, fan) * kernel / norm


def normalized_gradient(
    v: np.ndarray, g: np.ndarray, dw: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Salimans & Kingma 2016, equation 3, for a kernel of (fan-in, units): dg and dv."""
    norm = np.sqrt((v**2).sum(axis=0))
    dg = (dw * v).sum(axis=0) / norm
    return dg, g / norm * dw - g * dg / norm**2 * v


def spectral(kernel: np.ndarray, fan: Fan, vector: np.ndarray | None = None) -> np.ndarray:
    """Miyato et al. 2018, equation 8: W / sigma(W), by singular value decomposition.

    With `vector`, sigma is instead the algorithm's estimate from that left singular vector.
    """
    kept = [a for a in range(kernel.ndim) if a not in fan]
    filters = int(np.prod([kernel.shape[a] for a in kept]))
    matrix = kernel.transpose([*kept, *fan]).reshape(filters, -1)
    if vector is None:
        return kernel / np.linalg.svd(matrix, compute_uv=False)[0]
    return kernel / np.linalg.norm(vector @ matrix)
