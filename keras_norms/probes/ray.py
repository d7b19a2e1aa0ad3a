"""The walk along the gradient: a network's loss and signals at `w - a g`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_norms.probes.network import Network


class Ray:
    """The line from a model's present weights against the gradient of one batch.

    On it the network is seen on the batch itself, as in training; the model does not change.

    Args:
        network: of the model, with the layers to listen to.
        x, y: the batch.

    Reference: Bjorck et al. 2018, arXiv 1806.02375, Figures 3 and 4.
    """

    def __init__(self, network: Network, x: Any, y: Any) -> None:
        self._network, self._x, self._y = network, x, y
        self._weights = network.weights()
        seen = network.look(x, y)
        self.loss, self._gradients = seen.loss, seen.gradients

    @property
    def norm(self) -> float:
        """Of the gradient."""
        return float(np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in self._gradients)))

    def losses(self, steps: Sequence[float]) -> list[float]:
        """The loss at `w - a g` for each step `a`; infinite or NaN where it is."""
        return [self._network.loss(self._x, self._y, self._at(step)) for step in steps]

    def outputs(self, step: float) -> list[tuple[str, np.ndarray]]:
        """What the layers put out at `w - a g`, with their names."""
        return self._network.outputs(self._x, self._y, self._at(step))

    def gradient_change(self, step: float) -> float:
        """The distance of the gradient at `w - a g` from the one at `w`."""
        there = self._network.look(self._x, self._y, self._at(step)).gradients
        pairs = zip(there, self._gradients, strict=True)
        return float(np.sqrt(sum(np.sum(np.square(a - b, dtype=np.float64)) for a, b in pairs)))

    def _at(self, step: float) -> list[np.ndarray]:
        pairs = zip(self._weights, self._gradients, strict=True)
        return [weight - np.asarray(step, weight.dtype) * slope for weight, slope in pairs]


def diverges_at(steps: Sequence[float], losses: Sequence[float], first: float) -> float:
    """The smallest step at which the loss is over a thousand times `first`; infinite if none."""
    far = [step for step, loss in zip(steps, losses, strict=True) if not loss <= 1e3 * first]
    return min(far, default=float("inf"))
