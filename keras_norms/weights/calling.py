"""A layer called with other values of its variables than it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from keras_norms.kernels.keras_internals import AutocastScope

Tensor = Any


def called_with(
    layer: keras.layers.Layer, values: Mapping[int, Tensor], inputs: Tensor, given: dict[str, Any]
) -> tuple[Tensor, list[Tensor]]:
    """What `layer.call(inputs, **given)` gives, and its losses.

    Args:
        values: by the `id` of a variable; the others have their own. What the layer assigns to
            those, as to the state of its dropout, stays.
    """
    # All its variables are named: within the scope no other scope's values are seen.
    variables = layer.variables
    mapping = [(v, values.get(id(v), ops.convert_to_tensor(v))) for v in variables]
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
        before = [scope.get_current_value(variable) for variable in variables]
        outputs = layer.call(inputs, **given)
    with AutocastScope(None):
        for variable, old in zip(variables, before, strict=True):
            new = scope.get_current_value(variable)
            if new is not old:
                variable.assign(new)
    return outputs, scope.losses


def in_full_precision(variable: keras.Variable) -> Tensor:
    """The stored value, in float32 or wider, whatever precision the running layer computes in."""
    with AutocastScope(None):
        value = variable.value
    stored = keras.backend.standardize_dtype(value.dtype)
    return value if stored == "float64" else ops.cast(value, "float32")
