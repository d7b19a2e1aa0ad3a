"""What a scheme asks of a linear layer and of its activation."""

from __future__ import annotations

from typing import Any

import keras


def require_bare(linear: keras.layers.Layer) -> None:
    """Raises ValueError where `linear` has an activation, which would precede the normalizer."""
    inner = getattr(linear, "activation", None)
    if inner not in (None, keras.activations.linear):
        raise ValueError(
            f"Argument `linear` ({linear.name!r}) has an activation of its own, "
            f"{getattr(inner, '__name__', inner)!r}, which would come before the normalizer. "
            "Pass it as `activation` of the block instead."
        )


def without_useless_bias(
    linear: keras.layers.Layer, following: list[keras.layers.Layer]
) -> keras.layers.Layer:
    """`linear`, or a copy without the bias that the layer after it would cancel."""
    first: Any = following[0] if following else None
    useless = getattr(first, "cancels_bias", isinstance(first, keras.layers.BatchNormalization))
    if not (useless and getattr(linear, "use_bias", False)):
        return linear
    if linear.built:
        raise ValueError(
            f"Argument `linear` ({linear.name!r}) is built with a bias that {first.name!r} "
            "would cancel. Pass a layer that is not built yet, or one with use_bias=False."
        )
    return type(linear).from_config({**linear.get_config(), "use_bias": False})
