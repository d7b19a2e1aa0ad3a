"""How far statistics of small batches are from those of all data, while the weights move."""

from __future__ import annotations

import numpy as np

KINDS = ("BN", "naive", "CBN")


def errors(batch: int, window: int, step: float, seed: int) -> dict[str, list[float]]:
    """Relative root mean square errors of mean and standard deviation, by kind.

    A linear layer of 32 rectified inputs and 64 units; its kernel moves by `step` times its own
    length at each batch, in one random direction.

    Args:
        batch: examples of a batch.
        window: batches that statistics are taken of, the last one included.
        step: of the kernel from batch to batch, relative.

    Returns:
        By kind the errors of the mean (over the standard deviation) and of the standard deviation:
        of the last batch alone, of the window's past statistics as they were, and of the same
        brought to today's kernel to first order.
    """
    draw = np.random.default_rng(seed)
    mixing = draw.normal(size=(32, 32)) / 32**0.5
    data = np.maximum(draw.normal(size=(4096, 32)) @ mixing, 0)
    kernel, direction = draw.normal(size=(2, 32, 64))
    direction *= np.linalg.norm(kernel) / np.linalg.norm(direction)
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for _ in range(200):
        chosen = draw.integers(len(data), size=(window, batch))
        kernels = [kernel + step * back * direction for back in range(1 - window, 1)]
        pairs = [(data[rows], w) for rows, w in zip(chosen, kernels, strict=True)]
        whole = data @ kernel
        wanted = whole.mean(axis=0), whole.std(axis=0)
        past = np.array([_statistics(h, w) for h, w in pairs])
        moved = np.array([_brought(h, w, kernel) for h, w in pairs])
        for kind, used in zip(KINDS, (past[-1:], past, moved), strict=True):
            mean = used[:, 0].mean(axis=0)
            square = np.maximum(used[:, 1], used[:, 0] ** 2).mean(axis=0)
            deviation = np.sqrt(np.maximum(square - mean**2, 0))
            found[kind].append(np.stack([mean - wanted[0], deviation - wanted[1]]) / wanted[1])
    return {kind: np.sqrt(np.mean(np.square(each), axis=(0, 2))).tolist()
            for kind, each in found.items()}  # fmt: skip


def _statistics(h: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and mean square of each unit."""
    x = h @ kernel
    return x.mean(axis=0), (x**2).mean(axis=0)


def _brought(h: np.ndarray, then: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same expanded to first order in the kernel: equations 8 and 9."""
    x, change = h @ then, h @ (now - then)
    return (x + change).mean(axis=0), (x**2 + 2 * x * change).mean(axis=0)
