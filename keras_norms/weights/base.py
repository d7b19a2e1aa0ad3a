"""Layers whose kernel is computed at each call from the one that is trained."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_norms.kernels.keras_internals import AutocastScope
from keras_norms.weights.kernels import KERNELS, filter_axes, kernels_of

Tensor = Any
Shape = tuple[int | None, ...]


class Reparameterization(keras.layers.Wrapper):
    """Base of the weight normalizers: wraps a linear layer and computes its kernels.

    The trained kernel is never overwritten: the wrapped layer runs with `effective(kernel)` in
    its place, so gradients reach the trained kernel through the computation. Regularizers and
    constraints of the wrapped layer act on the trained kernel. The computation is in float32 at
    least, from the kernel as it is stored; its result has the layer's compute dtype.

    `strip()` gives the plain layer with the effective kernel, for deployment. Of a whole model:

        def plain(layer):
            return layer.strip() if isinstance(layer, Reparameterization) else layer

        deployed = keras.models.clone_model(model, clone_function=plain)

    Args:
        layer: Dense, EinsumDense, convolution (also depthwise, separable, transposed) or any layer
            whose kernels are called `kernel`, `depthwise_kernel` or `pointwise_kernel` and have
            their output units on the last axis. May be built: its kernel is then kept.

    Raises:
        ValueError: `layer` is no layer, has no kernel, or is wrapped already.
    """

    def __init__(self, layer: keras.layers.Layer, **options: Any) -> None:
        if not isinstance(layer, keras.layers.Layer):
            raise ValueError(
                "Argument `layer` must be a Keras layer with a kernel, such as Dense or Conv2D. "
                f"Received: layer={layer!r}"
            )
        if isinstance(layer, Reparameterization):
            raise ValueError(
                f"Argument `layer` ({layer.name!r}) already computes its kernel. Wrap the plain "
                "layer once."
            )
        if layer.built:
            _require_kernels(layer)
        options.setdefault("dtype", layer.dtype_policy)
        # The wrapped layer's own `__call__`, which would apply it, is never called.
        options.setdefault("activity_regularizer", layer.activity_regularizer)
        super().__init__(layer, **options)
        self.supports_masking = layer.supports_masking

    def build(self, input_shape: Shape) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().build(input_shape)
        _require_kernels(self.layer)
        for name, kernel in self.kernels().items():
            self.build_kernel(name, kernel)

    def kernels(self) -> dict[str, keras.Variable]:
        """The trained kernels of the wrapped layer, by attribute."""
        return kernels_of(self.layer)

    def filter_axes(self, name: str) -> tuple[int, ...]:
        """The axes of one filter in the kernel `name`: its fan-in."""
        return filter_axes(self.layer, name)

    def filters_shape(self, name: str) -> tuple[int, ...]:
        """The sizes of the kernel `name` along the axes that are not of one filter."""
        axes = self.filter_axes(name)
        shape = self.kernels()[name].shape
        return tuple(size for axis, size in enumerate(shape) if axis not in axes)

    def along_filters(self, weight: Any, name: str, kernel: Tensor) -> Tensor:
        """One value a filter, in the precision of `kernel` and ready to broadcast to it."""
        axes = self.filter_axes(name)
        shape = [1 if axis in axes else size for axis, size in enumerate(kernel.shape)]
        return ops.reshape(ops.cast(ops.convert_to_tensor(weight), kernel.dtype), shape)

    def build_kernel(self, name: str, kernel: keras.Variable) -> None:
        """Create what the effective kernel needs besides the trained one."""

    def effective(self, name: str, kernel: Tensor, training: bool) -> Tensor:
        """The kernel to compute with, from the trained one, in float32 at least."""
        raise NotImplementedError

    # No `mask`: a functional model would hand it on to the plain layer that takes this one's place.
    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        return self.run(inputs, self.effective_kernels(bool(training)))

    def effective_kernels(self, training: bool = False) -> dict[str, Tensor]:
        """What the wrapped layer computes with, by attribute, in float32 at least."""
        return {
            name: self.effective(name, in_full_precision(kernel), training)
            for name, kernel in self.kernels().items()
        }

    def run(self, inputs: Tensor, computed: dict[str, Tensor]) -> Tensor:
        """The wrapped layer's output with the given kernels in place of its own."""
        replaced = {id(self.kernels()[name]): value for name, value in computed.items()}
        # All its variables are named: within the scope no other scope's values are seen.
        mapping = [(v, replaced.get(id(v), ops.convert_to_tensor(v))) for v in self.layer.variables]
        with keras.StatelessScope(state_mapping=mapping):
            return self.layer.call(inputs)

    def strip(self) -> keras.layers.Layer:
        """A plain copy of the wrapped layer that holds the effective kernels of inference.

        Raises:
            ValueError: this layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"Layer {self.name!r} is not built: call it, or build it, before strip()."
            )
        plain = type(self.layer).from_config(self.layer.get_config())
        plain.build_from_config(self.layer.get_build_config())
        for new, old in zip(plain.variables, self.layer.variables, strict=True):
            # A copy: JAX may donate, and so delete, an array that two variables share.
            new.assign(ops.copy(old.value))
        for name, value in self.effective_kernels().items():
            getattr(plain, name).assign(value)
        return plain

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        # The shape is in this layer's own build config; here it would change the config at build.
        config["layer"].pop("build_config", None)
        return config


def in_full_precision(variable: keras.Variable) -> Tensor:
    """The stored value, in float32 or wider, whatever precision the running layer computes in."""
    with AutocastScope(None):
        value = variable.value
    stored = keras.backend.standardize_dtype(value.dtype)
    return value if stored == "float64" else ops.cast(value, "float32")


def _require_kernels(layer: keras.layers.Layer) -> None:
    if not kernels_of(layer):
        raise ValueError(
            f"Argument `layer` ({layer.name!r}, {type(layer).__name__}) has no kernel to "
            f"reparameterize: it needs one of {', '.join(KERNELS)}."
        )
