"""What a test file tells the conformance suite about its layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

Settings = Mapping[str, Any]
Example = tuple[Settings, tuple[int, ...]]

# Samples, time steps, channels: where a test needs some input and it does not matter which.
SHAPE = (6, 5, 4)


@dataclass(frozen=True, kw_only=True, eq=False)  # by identity, so that it can be a cache key
class Case:
    """A normalizer, the truth about it, and which of the family's traits it has."""

    layer: type[keras.layers.Layer]
    oracle: Callable[..., np.ndarray]
    examples: tuple[Example, ...]  # constructor arguments and input shape, rank 2 to 5
    settings: Settings = field(default_factory=dict)  # the arguments of all other tests
    refusals: tuple[tuple[Settings, str], ...] = ()  # wrong arguments, what the error says
    batch_dependent: bool = False  # in training one sample's output depends on the others
    centred: bool = True  # the mean is subtracted, so that constants give beta
    affine: bool = True  # has center, scale and their initializers, regularizers, constraints
    several_axes: bool = False  # axis may be a list
    told: tuple[str, ...] = ()  # further arguments and weights that the oracle takes by name
    counters: tuple[str, ...] = ()  # weights that count, in float32 whatever the policy

    def make(self, **overrides: Any) -> keras.layers.Layer:
        return self.layer(**{**self.settings, **overrides})

    def truth(
        self,
        layer: keras.layers.Layer,
        x: np.ndarray,
        weights: Mapping[str, np.ndarray] | None = None,
        mask: np.ndarray | None = None,
    ) -> np.ndarray:
        """The oracle's output in training, for the layer's own arguments, in float64."""
        weights = weights or {}
        scale = weights.get("gamma", weights.get("scale", 1.0))
        known = {"axis": layer.axis, "epsilon": layer.epsilon}
        if hasattr(layer, "groups"):
            known["groups"] = layer.groups
        for name in self.told:
            value = weights.get(name, getattr(layer, name))
            if value is not None and not isinstance(value, keras.Variable):
                known[name] = value  # a weight that was not given has the oracle's own default
        x = np.asarray(x, np.float64)
        return self.oracle(x, scale, weights.get("beta", 0.0), mask=mask, **known)


def draw(shape: tuple[int, ...], seed: int = 0, mean: float = 0.5) -> np.ndarray:
    """Normal values of deviation 1 in float32."""
    return np.random.default_rng(seed).normal(mean, 1.0, shape).astype(np.float32)


def relative(got: np.ndarray, wanted: np.ndarray) -> float:
    """Root mean square error over root mean square value."""
    error = np.sqrt(np.mean(np.square(np.asarray(got, np.float64) - wanted)))
    return float(error / np.sqrt(np.mean(np.square(wanted))))
