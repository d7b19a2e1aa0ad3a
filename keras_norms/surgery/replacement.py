"""A scheme attached where another normalizer was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from keras_norms.anatomy.graph import Call
from keras_norms.anatomy.linear import is_linear, output_channel
from keras_norms.layers.cross_iteration import CrossIterationBatchNormalization
from keras_norms.layers.evonorm_b import EvoNormB0, EvoNormB1, EvoNormB2
from keras_norms.layers.evonorm_s import EvoNormS0, EvoNormS0a, EvoNormS1, EvoNormS1a
from keras_norms.layers.proxy import ProxyNormalization
from keras_norms.schemes import Scheme
from keras_norms.surgery.copying import built_copy, copied
from keras_norms.surgery.state import copied_state
from keras_norms.surgery.transfer import carried
from keras_norms.weights.base import Reparameterization
from keras_norms.weights.kernels import kernels_of

_ACTIVATIONS = (
    keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU,
    keras.layers.PReLU,
)  # fmt: skip
_WITH_ACTIVATION = (
    EvoNormB0, EvoNormB1, EvoNormB2, EvoNormS0, EvoNormS0a, EvoNormS1, EvoNormS1a,
    ProxyNormalization, CrossIterationBatchNormalization,
)  # fmt: skip


@dataclass(frozen=True)
class Attached:
    """The layers in a normalizer's place, built and with what was carried.

    Attributes:
        layers: in order.
        absorbs: whether the activation after them goes.
        said: what came of it, in words.
    """

    layers: list[keras.layers.Layer]
    absorbs: bool
    said: str


def stand_in(call: Call) -> keras.layers.Layer | str:
    """A linear layer like the one a scheme would see before this normalizer, or why there is none.

    On inputs of rank 4 and more, and behind a convolution, a convolution; else a dense layer.
    """
    layer, rank = call.operation, call.rank
    if isinstance(layer, _WITH_ACTIVATION):
        return f"{type(layer).__name__} holds more than a normalizer, which would be lost"
    axes = getattr(layer, "axis", -1)
    axes = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    if len(axes) > 1 or axes[0] % rank not in (1, rank - 1):
        return f"its axis {layer.axis!r} is not the channels alone"
    before = call.only_before
    linear = before.operation if before is not None and is_linear(before.operation) else None
    if before is not None and linear is not None and output_channel(linear, rank) != axes[0] % rank:
        return f"its axis {layer.axis!r} is not the channels of {before.name!r}"
    inner = linear.layer if isinstance(linear, Reparameterization) else linear
    dense = rank < 4 and not hasattr(inner, "data_format")
    if dense and axes[0] % rank == rank - 1:
        return keras.layers.Dense(1)
    first = axes[0] % rank != rank - 1
    return keras.layers.Conv2D(1, 1, data_format="channels_first" if first else "channels_last")


def following_activation(call: Call, times: Mapping[int, int]) -> Call | None:
    """The call of an activation layer that alone takes what `call` gives."""
    after = call.only_after
    if after is None or not isinstance(after.operation, _ACTIVATIONS) or after.joins > 1:
        return None
    return after if times[id(after.operation)] == 1 else None


def attach(
    scheme: Scheme, old: keras.layers.Layer, linear: Any, activation: Any = None
) -> Attached:
    """What `scheme` puts after `linear`, in the place of `old` and maybe of `activation`.

    Raises:
        ValueError: the scheme refuses the activation, or its layer these inputs.
        Indivisible: the groups in its spec do not divide the channels.
    """
    absorbs = absorbs_activation(scheme, linear)
    made = scheme.follow(linear, _function(activation) if absorbs else None)
    shape = _input_shape(old)
    if isinstance(old, Reparameterization):
        shape = old.compute_output_shape(shape)
    names = [old.name, getattr(activation, "name", None)]
    if isinstance(old, Reparameterization):
        names = [f"{old.name}_normalizer", names[1]]
    layers, said = [], []
    for position, layer in enumerate(made):
        name = names[position] if position < len(names) and names[position] else None
        name = name or f"{old.name}_{position + 1}"
        # Those of "layer" on a convolution are given by the scheme itself.
        given = getattr(layer, "splits_channels", False) and not hasattr(layer, "fit_groups")
        default = not (given or _gives(scheme, "groups") or _gives(scheme, "group_size"))
        made, lost = carried(layer, old, tuple(shape), name, default)
        layers.append(made)
        fewer = _fewer(made, old, shape[made.axis]) if default and hasattr(made, "groups") else ""
        said.append(_said(layer) + fewer + (_without(lost) if not position else ""))
    return Attached(layers, absorbs, f"{_said(old)} to {' and '.join(said) or 'none'}")


def _gives(scheme: Scheme, argument: str) -> bool:
    """Whether an argument is the caller's: of a spec it is where it is written."""
    terms = getattr(scheme, "terms", None)
    return terms is None or any(argument in term.arguments for term in terms)


def _fewer(made: keras.layers.Layer, old: keras.layers.Layer, channels: int) -> str:
    """What is said of groups that are fewer than the default, and not those of before."""
    if getattr(made, "group_size", None) is not None:
        return ""
    usual = type(made)().groups
    if made.groups in (usual, getattr(old, "groups", None)):
        return ""
    why = "do not divide its channels" if channels % usual else "would have one value each"
    return f" of {made.groups} groups ({usual} {why})"


def _without(lost: dict[str, Any]) -> str:
    """What is said of arguments that differ from their defaults and mean nothing any more."""
    if not lost:
        return ""
    return f" without {', '.join(f'{key}={value!r}' for key, value in lost.items())}"


def absorbs_activation(scheme: Scheme, linear: Any) -> bool:
    """Whether a scheme takes the activation's place: whether a layer does not come out again."""
    marker = keras.layers.Activation("relu")
    try:
        return not any(layer is marker for layer in scheme.follow(linear, marker))
    except ValueError:  # it takes functions alone, to apply them itself
        return True


def reparameterized(scheme: Scheme, linear: keras.layers.Layer) -> Reparameterization:
    """A copy of a plain linear layer as the scheme wraps it, of the same name and kernel."""
    plain = built_copy(linear)
    copied_state(linear, plain)
    wrapped = scheme.wrap(plain)
    own = ("layer", "name", "dtype")
    options = {key: value for key, value in wrapped.get_config().items() if key not in own}
    kind: Any = type(wrapped)
    renamed = kind(plain, **options, name=linear.name)
    renamed.build(_input_shape(linear))
    return renamed


def _input_shape(built: Any) -> Any:
    return built.get_build_config()["input_shape"]


def with_bias(
    linear: keras.layers.Layer, normalizer: keras.layers.Layer
) -> keras.layers.Layer | None:
    """A copy of a linear layer that has the normalizer's beta as the bias it lacked."""
    beta = getattr(normalizer, "beta", None)
    if beta is None or linear.use_bias:
        return None
    new = built_copy(linear, use_bias=True)
    if tuple(new.bias.shape) != tuple(beta.shape):
        return None
    for name, kernel in kernels_of(linear).items():
        getattr(new, name).assign(ops.copy(kernel.value))
    new.bias.assign(ops.cast(ops.copy(beta.value), new.bias.dtype))
    return new


def _function(activation: Any) -> Any:
    """An activation layer as a name or function where it has one, else a copy of it."""
    if isinstance(activation, keras.layers.Activation):
        return activation.activation
    if isinstance(activation, keras.layers.ReLU):
        of = (activation.max_value, float(activation.negative_slope), float(activation.threshold))
        return {(None, 0.0, 0.0): "relu", (6.0, 0.0, 0.0): "relu6"}.get(of) or copied(activation)
    return None if activation is None else copied(activation)


def _said(layer: keras.layers.Layer) -> str:
    of_keras = type(layer).__module__.startswith("keras.")
    return f"{'Keras ' if of_keras else ''}{type(layer).__name__}"
