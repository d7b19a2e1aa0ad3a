"""The numbers of one normalizer, from what a pass showed of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import keras
import numpy as np

from keras_norms.anatomy.drift import gap
from keras_norms.anatomy.graph import graphs, is_graph
from keras_norms.anatomy.pooled import Pooled
from keras_norms.probes.listening import INPUTS, OUTPUTS, STATISTICS
from keras_norms.probes.program import array
from keras_norms.weights.base import Reparameterization
from keras_norms.weights.kernels import kernels_of


def quantities(
    layer: keras.layers.Layer,
    heard: Mapping[str, Sequence[tuple[np.ndarray, ...]]],
    gradients: Mapping[int, float],
    kernels: Sequence[keras.Variable],
) -> dict[str, float]:
    """What `NormMonitor` logs of a layer, by name.

    Args:
        layer: a normalizer that was called at least once.
        heard: what was noted of it.
        gradients: norms, by the `id` of the variable; those that are missing are left out.
        kernels: of the linear layer before it.
    """
    found: dict[str, Any] = {}
    for what, name in ((INPUTS, "input"), (OUTPUTS, "output")):
        mean, variance, _ = _pooled(heard[what]).population()
        found[f"{name} mean"] = mean.item()
        found[f"{name} deviation"] = math.sqrt(variance.item())
    gamma, beta = _weight(layer, "gamma", "scale"), _weight(layer, "beta")
    for weight in gamma:
        values = array(weight.value).astype(np.float64)
        found |= {f"gamma {of}": getattr(values, of)().item() for of in ("mean", "min", "max")}
    for name, variables in (("gamma", gamma), ("beta", beta), ("kernel", kernels)):
        norms = [gradients[id(v)] for v in variables if id(v) in gradients]
        if norms:
            found[f"{name} gradient"] = math.hypot(*norms)
    if heard[STATISTICS]:
        found |= gap(layer, *_pooled(heard[STATISTICS], layer).population()).columns
    return {name: value for name, value in found.items() if value is not None}


def kernels_before(model: keras.Model) -> dict[int, list[keras.Variable]]:
    """The kernels of the linear layer directly before a layer, by the layer's `id`.

    Of models that are graphs; in others nothing says what comes before.
    """
    found: dict[int, list[keras.Variable]] = {}
    for call in chain.from_iterable(graphs(model) if is_graph(model) else []):
        before = call.only_before and call.only_before.operation
        inner = before.layer if isinstance(before, Reparameterization) else before
        known = found.setdefault(id(call.operation), [])
        known += [k for k in kernels_of(inner).values() if all(k is not other for other in known)]
    return found


def _weight(layer: keras.layers.Layer, *names: str) -> list[keras.Variable]:
    """The first of these that is a weight, if one is; in RMS normalization gamma is `scale`."""
    found = [getattr(layer, name, None) for name in names]
    return [value for value in found if isinstance(value, keras.Variable)][:1]


def _pooled(
    parts: Sequence[tuple[np.ndarray, ...]], layer: keras.layers.Layer | None = None
) -> Pooled:
    pooled = Pooled(layer)
    for part in parts:
        pooled.add(*part)
    return pooled
