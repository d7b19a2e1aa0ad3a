"""What a new normalizer takes over from the one whose place it takes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_norms import layers
from keras_norms.surgery.divisible_groups import dividing

Shape = tuple[int | None, ...]

_OPTIONS = ("initializer", "regularizer", "constraint")
_ALWAYS = (
    "center", "scale", "dtype", "trainable", "synchronized",
    *(f"beta_{option}" for option in _OPTIONS), *(f"gamma_{option}" for option in _OPTIONS),
)  # fmt: skip
_OF_MOMENTS = (
    "epsilon", "momentum", "debiased", "moving_mean_initializer", "moving_variance_initializer",
)  # fmt: skip
_AVERAGING = (
    keras.layers.BatchNormalization,
    layers.BatchNormalization,
    layers.BatchRenormalization,
    layers.GhostBatchNormalization,
    layers.InstanceEnhancementBatchNormalization,
    layers.MeanOnlyBatchNormalization,
    layers.SwitchableNormalization,
    layers.VarianceNormalization,
)
_AFFINE = ("gamma", "beta")
_STATISTICS = ("moving_mean", "moving_variance", "count", "seen")


def carried(
    new: keras.layers.Layer,
    old: keras.layers.Layer,
    shape: Shape,
    name: str,
    default_groups: bool = False,
) -> keras.layers.Layer:
    """`new`, made again under the given name, built, and holding what means the same in `old`.

    Arguments of `new` that differ from their defaults stay. Groups that do not divide the channels
    become fewer where they are `default_groups`.

    Raises:
        Indivisible: groups that were asked for do not divide the channels.
    """
    config, before = new.get_config(), old.get_config()
    default = _default_config(new)
    same = averages_moments(new) and averages_moments(old)
    keys = [*_ALWAYS, *(_OF_MOMENTS if same or type(new).__name__ == type(old).__name__ else ())]
    if isinstance(new, keras.layers.BatchNormalization) and not isinstance(
        before.get("momentum"), float
    ):
        keys.remove("momentum")  # Keras knows no schedule and no cumulative average
    for key in keys:
        if key in config and key in before and config[key] == default.get(key, config[key]):
            config[key] = before[key]
    config |= dividing(new, shape, default_groups)
    made = type(new).from_config({**config, "name": name})
    made.build(shape)
    for weight in [*_AFFINE, *(_STATISTICS if same else ())]:
        ours, theirs = getattr(made, weight, None), getattr(old, weight, None)
        if ours is not None and theirs is not None and tuple(ours.shape) == tuple(theirs.shape):
            ours.assign(ops.cast(ops.copy(theirs.value), ours.dtype))
    if same and getattr(made, "seen", None) is not None and not getattr(old, "debiased", False):
        made.seen.assign(ops.ones(made.seen.shape))  # what is carried weighs in full
    return made


def averages_moments(layer: keras.layers.Layer) -> bool:
    """Whether what a layer remembers is the mean, the variance or both of each channel."""
    return type(layer) in _AVERAGING


def _default_config(layer: keras.layers.Layer) -> dict[str, Any]:
    try:
        return type(layer)().get_config()
    except TypeError:  # arguments without defaults: all were given
        return {}
