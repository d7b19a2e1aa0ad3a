"""What a new normalizer takes over from the one whose place it takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

from keras_norms import layers
from keras_norms.surgery.divisible_groups import dividing
from keras_norms.surgery.erasure import require_something_left

Shape = tuple[int | None, ...]

_OPTIONS = ("initializer", "regularizer", "constraint")
_ALWAYS = (
    "center", "scale", "dtype", "trainable", "synchronized", "activity_regularizer",
    *(f"beta_{option}" for option in _OPTIONS), *(f"gamma_{option}" for option in _OPTIONS),
)  # fmt: skip
# Said by the place of the layer: its name, its channels, and the layer that it is around.
_OF_THE_PLACE = ("name", "axis", "layer")
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


class Carried(NamedTuple):
    """A normalizer in the place of another, and what of the other's arguments it does not have."""

    layer: keras.layers.Layer
    lost: dict[str, Any]


def carried(
    new: keras.layers.Layer,
    old: keras.layers.Layer,
    shape: Shape,
    name: str,
    default_groups: bool = False,
) -> Carried:
    """`new`, made again under the given name, built, and holding what means the same in `old`.

    Where both are of one kind, or both average the moments of batches, these are all arguments and
    weights of the same name; else those that mean the same everywhere (`_ALWAYS`, gamma, beta).
    Arguments of `new` that differ from their defaults stay. Groups that do not divide the channels
    become fewer where they are `default_groups`.

    Raises:
        Indivisible: groups that were asked for do not divide the channels.
        Erased: on this shape the new layer's outputs would not depend on its inputs.
        ValueError: the new layer refuses what it would take over.
    """
    config, before = new.get_config(), old.get_config()
    default, usual = _default_config(new), _default_config(old)
    if default_groups and "groups" in config:
        config["groups"] = default["groups"]  # not what fits the layer that stood in
    same = averages_moments(new) and averages_moments(old)
    alike = same or type(new).__name__ == type(old).__name__
    keys = [*before] if alike else [*_ALWAYS]
    keys = [key for key in keys if key in before and key not in _OF_THE_PLACE]
    if not default_groups:
        keys = [key for key in keys if key not in ("groups", "group_size")]
    if isinstance(new, keras.layers.BatchNormalization) and not isinstance(
        before.get("momentum"), float
    ):  # Keras knows no schedule and no cumulative average
        keys = [key for key in keys if key != "momentum"]
    given = {key for key in config if config[key] != default.get(key, config[key])}
    taken = {key: before[key] for key in keys if key in config and key not in given}
    config |= _accepted(new, config, taken)
    config |= dividing(_made(new, config), shape, default_groups)
    made = _made(new, {**config, "name": name})
    made.build(shape)
    require_something_left(made, shape)
    for weight in _shared_weights(made, old) if alike else _AFFINE:
        ours, theirs = _weight(made, weight), _weight(old, weight)
        if ours is not None and theirs is not None and tuple(ours.shape) == tuple(theirs.shape):
            value = ops.copy(theirs.value)
            if weight in ("gamma", "scale"):
                value = value + (_origin(old) - _origin(made))
            ours.assign(ops.cast(value, ours.dtype))
            if ours.trainable != theirs.trainable:
                ours.trainable = theirs.trainable
    if same and getattr(made, "renorm", False) and not getattr(old, "renorm", False):
        _begin_renormalizing(made)
    if same and getattr(made, "seen", None) is not None and not getattr(old, "debiased", False):
        made.seen.assign(ops.ones(made.seen.shape))  # what is carried weighs in full
    found = made.get_config()
    lost = {
        key: value
        for key, value in before.items()
        if key not in (*_OF_THE_PLACE, *given, *_said_by(made))
        and value != usual.get(key, value)
        and (key not in found or found[key] != value)
    }
    return Carried(made, lost)


def _made(layer: keras.layers.Layer, config: dict[str, Any]) -> keras.layers.Layer:
    try:
        return type(layer).from_config(config)
    except TypeError as error:  # Keras's, around what the constructor raised
        raise ValueError(str(error.__context__ or error)) from error


def _accepted(
    layer: keras.layers.Layer, config: dict[str, Any], taken: dict[str, Any]
) -> dict[str, Any]:
    """Those of the other's arguments that this class does not refuse, as ghost `synchronized`."""
    if _takes(layer, config | taken):
        return taken
    return {key: value for key, value in taken.items() if _takes(layer, {**config, key: value})}


def _takes(layer: keras.layers.Layer, config: dict[str, Any]) -> bool:
    try:
        _made(layer, config)
    except ValueError:
        return False
    return True


def _begin_renormalizing(layer: Any) -> None:
    """All averages of a batch renormalization from the two that a plain one has."""
    mean, variance = (
        ops.convert_to_tensor(weight) for weight in (layer.moving_mean, layer.moving_variance)
    )
    deviation = ops.sqrt(variance + layer.epsilon)
    for name, value in (
        ("moving_stddev", deviation),  # the variance is made of it at each step
        ("renorm_mean", mean),
        ("renorm_stddev", deviation),
    ):
        weight = getattr(layer, name)
        weight.assign(ops.cast(ops.copy(value), weight.dtype))


def _weight(layer: keras.layers.Layer, name: str) -> Any:
    """The variable `name`; gamma is called `scale` where there is no beta, as in Keras's RMS."""
    scale = getattr(layer, "scale", None)
    if name == "gamma" and isinstance(scale, keras.Variable):
        return scale
    return getattr(layer, name, None)


def _origin(layer: keras.layers.Layer) -> float:
    """The scale of a stored gamma of zero."""
    return 1.0 if getattr(layer, "zero_centered", False) else 0.0


def _said_by(layer: keras.layers.Layer) -> tuple[str, ...]:
    """The arguments of other layers that a class says by being what it is."""
    return ("renorm",) if isinstance(layer, layers.BatchRenormalization) else ()


def _shared_weights(new: keras.layers.Layer, old: keras.layers.Layer) -> list[str]:
    """The attributes that hold weights in both."""
    names = [
        {name for name, value in vars(layer).items() if isinstance(value, keras.Variable)}
        for layer in (new, old)
    ]
    return sorted(names[0] & names[1])


def averages_moments(layer: keras.layers.Layer) -> bool:
    """Whether what a layer remembers is the mean, the variance or both of each channel."""
    return type(layer) in _AVERAGING


def _default_config(layer: keras.layers.Layer) -> dict[str, Any]:
    try:
        return type(layer)().get_config()
    except TypeError:  # arguments without defaults: all were given
        return {}
