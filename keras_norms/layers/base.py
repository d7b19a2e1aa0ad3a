"""The Keras side of every normalizer, once: axis, epsilon, gamma, beta, precision, masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict, Unpack

import keras
from keras import constraints, initializers, ops, regularizers

from keras_norms.kernels import native
from keras_norms.layers.arguments import configuration
from keras_norms.layers.layout import Layout
from keras_norms.layers.validation import (
    checked_axis,
    checked_epsilon,
    positive_axes,
)

Tensor = Any
Shape = tuple[int | None, ...]


class LayerOptions(TypedDict, total=False):
    """Keyword arguments of the Keras layer, the same for every normalizer."""

    name: str
    dtype: Any
    trainable: bool


class AffineOptions(LayerOptions, total=False):
    """Keyword arguments of gamma and beta."""

    beta_initializer: Any
    gamma_initializer: Any
    beta_regularizer: Any
    gamma_regularizer: Any
    beta_constraint: Any
    gamma_constraint: Any


class Normalization(keras.layers.Layer):
    """Base of all normalizers: validates `axis` and `epsilon`, keeps precision and masks.

    A subclass says in `call` over which axes statistics are taken and what is remembered.
    Statistics and arithmetic are float32 at least, whatever the dtype policy; the output has the
    policy's compute dtype.
    """

    # What the registry and the schemes know of a normalizer.
    cancels_bias = False  # a constant added to a channel before it leaves no trace
    batch_dependent = False  # in training, an example's output depends on the others
    absorbs_activation = False  # its scheme takes the activation's place
    any_rank: ClassVar[bool] = False  # one layer takes inputs of several ranks, as it is built

    def __init__(self, axis: int | Sequence[int], epsilon: float, **options: Any) -> None:
        axis = checked_axis(axis)
        epsilon = checked_epsilon(epsilon)
        super().__init__(**options)
        if not keras.backend.is_float_dtype(self.compute_dtype):
            raise ValueError(
                f"Argument `dtype` of {self.name!r} must be a floating one or a policy of those, "
                f"since what is normalized are fractions. Received: {options.get('dtype')!r}"
            )
        self.axis = axis
        self.epsilon = epsilon
        self.supports_masking = True
        # The input arrives as it is: the cast to float32 then loses nothing.
        self.autocast = False
        self._layout: Any = None  # a Layout, once built

    def build(self, input_shape: Shape) -> None:
        self._layout = layout = Layout.of(self.axis, input_shape)
        sizes = tuple([input_shape[axis] for axis in layout.kept])
        for axis, size in zip(layout.kept, sizes, strict=True):
            if not size:
                known = "undefined size" if size is None else "size zero"
                raise ValueError(
                    f"Argument `axis`={self.axis} of {self.name!r} names a dimension of {known}: "
                    f"axis {axis} of the input tensor should have a defined dimension but the "
                    f"layer received an input with shape {tuple(input_shape)}, and its weights "
                    "need that size. Define it, or choose another axis."
                )
        if self.any_rank:
            named = self.axis if isinstance(self.axis, list) else [self.axis]
            rank = max([axis + 1 if axis >= 0 else -axis for axis in named])
            self.input_spec = keras.layers.InputSpec(
                min_ndim=rank, axes={axis: input_shape[axis] for axis in named}
            )
        else:
            self.input_spec = keras.layers.InputSpec(
                ndim=len(input_shape), axes=dict(zip(layout.kept, sizes, strict=True))
            )
        self.build_weights(sizes)

    def build_weights(self, shape: Any) -> None:
        """Create the weights; `shape` is the size of the inputs along `axis`."""
        raise NotImplementedError

    def layout_of(self, x: Tensor) -> Layout:
        """The layout for the rank of `x`, which for some layers is not that of building."""
        known = self._layout
        if known is not None and len(known.form) == len(x.shape):
            return known
        return Layout.of(self.axis, x.shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        positive_axes(self.axis, input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **configuration(self)}

    def in_full_precision(self, inputs: Tensor) -> Tensor:
        """`inputs` in the dtype of the arithmetic: float32, or wider where they are wider."""
        unfit = native.unfit(inputs)
        if unfit is not None:
            raise ValueError(
                f"Argument `inputs` of {self.name!r} is {unfit}, which no statistic can be taken "
                "of. Pass one dense tensor of numbers."
            )
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if dtype == "float32":
            return inputs
        if "complex" in dtype:
            raise ValueError(
                f"Argument `inputs` of {self.name!r} has dtype {dtype}: normalization is defined "
                "for real numbers. Pass the real and imaginary parts as separate channels."
            )
        # Keras's promotion makes float32 of float64 on JAX and torch.
        return ops.cast(inputs, "float64" if dtype == "float64" else "float32")

    def in_output_precision(self, outputs: Tensor) -> Tensor:
        return ops.cast(outputs, self.compute_dtype)

    def along_axis(self, weight: Any, x: Tensor) -> Tensor | None:
        """A weight of the shape of `axis`, in the precision of `x`, ready to broadcast to it."""
        if weight is None:
            return None
        form = self._layout.form
        if len(form) != len(x.shape):
            form = self.layout_of(x).form
        return native.reshape(ops.convert_to_tensor(weight, x.dtype), form)


class AffineNormalization(Normalization):
    """A normalizer with a scale gamma and a shift beta, each of the shape of `axis`."""

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(axis, epsilon, **options)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma = None
        self.beta = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_affine("gamma", shape)
        if self.center:
            self.beta = self.add_affine("beta", shape)

    def add_affine(
        self, name: str, shape: tuple[int, ...], initializer: Any = None
    ) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer or getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
            autocast=False,
        )

    def scale_and_shift(self, y: Tensor, x: Tensor) -> Tensor:
        """`gamma * y + beta`, of those that exist, where `y` came from the inputs `x`."""
        if self.gamma is not None:
            y = y * self.along_axis(self.gamma, x)
        return y if self.beta is None else y + self.along_axis(self.beta, x)
