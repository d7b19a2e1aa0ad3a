"""Fixup initialization (Zhang, Dauphin & Ma 2019)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_norms.layers.base import Normalization
from keras_norms.normfree.branches import is_linear, last_linear, residual_branches
from keras_norms.normfree.skip_init import SkipInit
from keras_norms.weights.base import Reparameterization
from keras_norms.weights.kernels import kernels_of

Tensor = Any
Shape = tuple[int | None, ...]

_NORMALIZERS = (
    Normalization,
    Reparameterization,
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
    keras.layers.SpectralNormalization,
    keras.layers.UnitNormalization,
)
_ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ELU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ReLU,
)


@keras.saving.register_keras_serializable(package="keras_norms")
class ScalarBias(keras.layers.Layer):
    """Adds one learned number that starts at zero: `y = x + b`. Any shape."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.bias = None
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        self.bias = self.add_weight(name="bias", shape=(), initializer="zeros")

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        return inputs + ops.convert_to_tensor(self.bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)


def fixup(model: keras.Model, scalars: bool = True) -> keras.Model:
    """A copy of a residual model without normalization, initialized so that it trains at any depth.

    The three rules, for `L` residual branches of `m` linear layers each:

        1. The last linear layer of every branch, and the classifier, are zero.
        2. The other linear layers of a branch are multiplied by L^(-1 / (2 m - 2)).
        3. A scalar bias, zero, before every linear layer and elementwise activation; a scalar
           multiplier, one, at the end of every branch.

    So at the start every block is its shortcut and the outputs are zero, and a step of gradient
    descent changes them by an amount that does not depend on the depth. What a rule does not name
    keeps the values of `model`, which must be a standard initialization such as He's.
    `residual_branches(model)` shows what is taken for a branch.

    Biases of the linear layers themselves stay, but for those that rule 1 makes zero. The authors'
    code has no such biases but the classifier's, and one scalar bias for a block's first layer and
    its projection; here each has its own, and an activation inside a linear layer has that
    layer's bias.

    Args:
        model: functional, as `residual_branches` reads it. It is not changed.
        scalars: whether rule 3 is applied; without it the copy has the layers of `model`.

    Raises:
        ValueError: the model has normalizers, or branches that cannot be read.

    Reference: Zhang, Dauphin & Ma 2019, arXiv 1901.09321, Section 3.
    """
    known = getattr(model, "layers", ())  # what is no model is refused where its branches are read
    normalizers = [layer.name for layer in known if isinstance(layer, _NORMALIZERS)]
    if normalizers:
        raise ValueError(
            f"Argument `model` ({model.name!r}) has normalizers: {', '.join(normalizers)}. Fixup "
            "replaces normalization: take them out by keras_norms.convert(model, 'none')[0], or "
            "build the model without them, as by the scheme 'none'."
        )
    branches = residual_branches(model)
    heads = last_linear(model)
    linear = {layer.name for layer in model.layers if is_linear(layer)}
    multiplied = {branch.add: branch.position for branch in branches}

    def call(layer: keras.layers.Layer, *inputs: Any, **options: Any) -> Any:
        if layer.name in multiplied:
            (summands,) = inputs
            summands = list(summands)
            position = multiplied[layer.name]
            summands[position] = SkipInit("ones")(summands[position])
            return layer(summands, **options)
        if isinstance(layer, _ACTIVATIONS) or layer.name in linear:
            first, *others = inputs
            return layer(ScalarBias()(first), *others, **options)
        return layer(*inputs, **options)

    copy = keras.models.clone_model(model, call_function=call if scalars else None)
    for layer in (layer for layer in model.layers if layer.weights):
        copy.get_layer(layer.name).set_weights(layer.get_weights())
    for branch in branches:
        *others, last = branch.linear
        _multiply(copy.get_layer(last), 0.0)
        for name in others:
            factor = len(branches) ** (-1 / (2 * len(branch.linear) - 2))
            _multiply(copy.get_layer(name), factor)
    for name in heads:
        _multiply(copy.get_layer(name), 0.0)
    return copy


def _multiply(layer: keras.layers.Layer, factor: float) -> None:
    # Of a separable convolution the pointwise kernel alone: two zeros would have no gradient.
    kernel = list(kernels_of(layer).values())[-1]
    kernel.assign(ops.convert_to_tensor(kernel) * factor)
    bias = getattr(layer, "bias", None)
    if factor == 0 and bias is not None:
        bias.assign(ops.zeros(bias.shape))
