"""Gaussian examples for the deep linear network."""

from __future__ import annotations

import numpy as np

PIXELS, CLASSES = 8, 10
Pair = tuple[np.ndarray, np.ndarray]


def taught(examples: int = 512, tested: int = 512) -> tuple[Pair, Pair]:
    """64 normal inputs; the class is the largest output of one random matrix.

    The same draw each time: what a run's seed changes is the network.
    """
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(PIXELS * PIXELS, CLASSES))
    x = draw.normal(size=(examples + tested, PIXELS * PIXELS))
    y = (x @ matrix).argmax(axis=1)
    images = x.reshape(-1, PIXELS, PIXELS, 1).astype(np.float32)
    return (images[:examples], y[:examples]), (images[examples:], y[examples:])
