"""Statistics of many batches as those of one: counts, means and squared deviations merged."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_norms.anatomy.normalizers import remembered
from keras_norms.layers.instance import InstanceNormalization
from keras_norms.layers.lp import LpNormalization


class Pooled:
    """The pooled statistics of one normalizer, or of any tensor, in float64.

    Merging n values of mean m and squared deviations S into N of mean M and squared deviations T
    (Chan et al. 1983):

        d = m - M,  M <- M + d n / (N + n),  T <- T + S + d^2 N n / (N + n),  N <- N + n

    Beside them the plain sums of batch means and batch variances, for their arithmetic mean.

    A norm other than the deviation (`LpNormalization`) cannot be merged so: there the "variance"
    is the mean of the batches' squared norms, by their counts. Instance normalization remembers
    the mean of its examples' own statistics, which is the only estimate for it.
    """

    def __init__(self, layer: keras.layers.Layer | None = None) -> None:
        self.unbiased = bool(getattr(layer, "unbiased", False))
        self.least = 2 if "variance" in remembered(layer) else 1
        self.deviates = not isinstance(layer, LpNormalization) or (layer.p == 2 and layer.centred)
        self.of_examples = isinstance(layer, InstanceNormalization)  # each comes as a batch
        # Per channel, since a mask can hide some and not others.
        self.count: Any = 0.0
        self.mean: Any = 0.0
        self.squares: Any = 0.0
        self.batches: Any = 0.0
        self.means: Any = 0.0
        self.variances: Any = 0.0

    def add(self, count: Any, shift: Any, offset: Any, variance: Any) -> None:
        """The statistics of some batches, which lie along the leading axis."""
        arrays = (np.asarray(a, np.float64) for a in (count, shift, offset, variance))
        for n, near, rest, var in zip(*arrays, strict=True):
            mean = near + rest
            total = self.count + n
            share = np.divide(n, total, out=np.zeros_like(n), where=total > 0)
            # What was hidden whole says nothing, be it infinite.
            away = np.where(n > 0, mean - self.mean, 0.0)
            self.mean = self.mean + away * share
            spread = away**2 * self.count * share if self.deviates else 0.0
            self.squares = self.squares + np.where(n > 0, n * var, 0.0) + spread
            self.count = total
            learns = n >= self.least
            corrected = var * (n / np.maximum(n - 1, 1)) if self.unbiased else var
            self.batches = self.batches + learns
            self.means = self.means + np.where(learns, mean, 0.0)
            self.variances = self.variances + np.where(learns, corrected, 0.0)

    def population(self) -> tuple[Any, Any, Any]:
        """Mean and variance of all values together, and where there were enough for them."""
        if self.of_examples:
            return self.batch_mean()
        n = np.maximum(self.count, 1)
        variance = self.squares / n
        if self.unbiased:
            variance = variance * (n / np.maximum(n - 1, 1))
        return self.mean, variance, self.count >= self.least

    def batch_mean(self) -> tuple[Any, Any, Any]:
        """The arithmetic mean of batch means and variances, and where there was a batch."""
        k = np.maximum(self.batches, 1)
        return self.means / k, self.variances / k, self.batches > 0
