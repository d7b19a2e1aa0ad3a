"""The Keras side of every normalizer, once: axis, epsilon, gamma, beta, precision, masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

import keras
from keras import constraints, initializers, ops, regularizers

from keras_norms.layers.validation import checked_axis, checked_epsilon, positive_axes

Tensor = Any
Shape = tuple[int | None, ...]


class AffineOptions(TypedDict, total=False):
    """Keyword arguments of gamma, beta and the Keras layer, the same for every normalizer."""

    beta_initializer: Any
    gamma_initializer: Any
    beta_regularizer: Any
    gamma_regularizer: Any
    beta_constraint: Any
    gamma_constraint: Any
    name: str
    dtype: Any
    trainable: bool


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

    def __init__(self, axis: int | Sequence[int], epsilon: float, **options: Any) -> None:
        axis = checked_axis(axis)
        epsilon = checked_epsilon(epsilon)
        super().__init__(**options)
        self.axis = axis
        self.epsilon = epsilon
        self.supports_masking = True
        # The input arrives as it is: the cast to float32 then loses nothing.
        self.autocast = False

    def build(self, input_shape: Shape) -> None:
        sizes: dict[int, int] = {}
        for axis in positive_axes(self.axis, input_shape):
            size = input_shape[axis]
            if size is None:
                raise ValueError(
                    f"Argument `axis`={self.axis} of {self.name!r} names a dimension of undefined "
                    f"size in inputs of shape {tuple(input_shape)}: its weights need that size. "
                    "Define it, or choose another axis."
                )
            sizes[axis] = size
        self.input_spec = keras.layers.InputSpec(ndim=len(input_shape), axes=sizes)
        self.build_weights(tuple(sizes.values()))

    def build_weights(self, shape: tuple[int, ...]) -> None:
        """Create the weights; `shape` is the size of the inputs along `axis`."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        positive_axes(self.axis, input_shape)
        return tuple(input_shape)

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> Tensor | None:
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}

    def in_full_precision(self, inputs: Tensor) -> Tensor:
        """`inputs` in the dtype of the arithmetic: float32, or wider where they are wider."""
        dtype = keras.backend.standardize_dtype(inputs.dtype)
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
        axes = positive_axes(self.axis, x.shape)
        shape = [x.shape[axis] if axis in axes else 1 for axis in range(len(x.shape))]
        return ops.reshape(ops.cast(ops.convert_to_tensor(weight), x.dtype), shape)

    def reduced_axes(self, x: Tensor) -> tuple[int, ...]:
        """All axes but `axis`."""
        kept = positive_axes(self.axis, x.shape)
        return tuple(axis for axis in range(len(x.shape)) if axis not in kept)


class AffineNormalization(Normalization):
    """A normalizer with a scale gamma and a shift beta, each of the shape of `axis`."""

    def __init__(
        self,
        axis: int | Sequence[int],
        epsilon: float,
        center: bool,
        scale: bool,
        **options: Unpack[AffineOptions],
    ) -> None:
        affine = {
            "beta_initializer": initializers.get(options.pop("beta_initializer", "zeros")),
            "gamma_initializer": initializers.get(options.pop("gamma_initializer", "ones")),
            "beta_regularizer": regularizers.get(options.pop("beta_regularizer", None)),
            "gamma_regularizer": regularizers.get(options.pop("gamma_regularizer", None)),
            "beta_constraint": constraints.get(options.pop("beta_constraint", None)),
            "gamma_constraint": constraints.get(options.pop("gamma_constraint", None)),
        }
        super().__init__(axis, epsilon, **options)
        self.center = bool(center)
        self.scale = bool(scale)
        for name, value in affine.items():
            setattr(self, name, value)
        self.gamma = None
        self.beta = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_affine("gamma", shape)
        if self.center:
            self.beta = self.add_affine("beta", shape)

    def add_affine(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
            autocast=False,
        )

    def scale_and_shift(self, y: Tensor, x: Tensor) -> Tensor:
        """`gamma * y + beta`, of those that exist, where `y` came from the inputs `x`."""
        if self.gamma is not None:
            y = y * self.along_axis(self.gamma, x)
        return y if self.beta is None else y + self.along_axis(self.beta, x)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "center": self.center, "scale": self.scale}
        for name in ("beta", "gamma"):
            for role, module in (
                ("initializer", initializers),
                ("regularizer", regularizers),
                ("constraint", constraints),
            ):
                config[f"{name}_{role}"] = module.serialize(getattr(self, f"{name}_{role}"))
        return config
