"""Layers whose kernel is computed at each call from the one that is trained."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras import ops

from keras_norms.weights.calling import called_with, in_full_precision
from keras_norms.weights.kernels import (
    KERNELS,
    filter_axes,
    holder,
    lora_of,
    stored_kernels,
)
from keras_norms.weights.quantizing import Quantizable

Tensor = Any
Shape = tuple[int | None, ...]


class Reparameterization(Quantizable):
    """Base of the weight normalizers: wraps a linear layer and computes its kernels.

    The trained kernel is never overwritten: the wrapped layer runs with `effective(kernel)` in
    its place, so gradients reach the trained kernel through the computation. Regularizers and
    constraints of the wrapped layer act on the trained kernel. The computation is in float32 at
    least, from the kernel as it is stored; its result has the layer's compute dtype.

    With LoRA (`wrapper.layer.enable_lora(rank)`) the effective kernel is that of the sum of kernel
    and low-rank update. `quantize("int8")` and `"int4"`, of the layer or of a model around it, end
    the reparameterization: the effective kernel is what is quantized, and stays as it is.

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

    # The attributes under which a wrapped layer may have its kernels.
    names: tuple[str, ...] = KERNELS

    def __init__(self, layer: keras.layers.Layer, **options: Any) -> None:
        merged = bool(options.pop("merged", False))
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
        if isinstance(layer.dtype_policy, keras.dtype_policies.QuantizedDTypePolicy) != merged:
            raise ValueError(
                f"Argument `layer` ({layer.name!r}) is quantized: its kernel cannot be computed. "
                "Wrap the plain layer, and quantize the wrapper."
            )
        options.setdefault("dtype", layer.dtype_policy)
        # The wrapped layer's own `__call__`, which would apply it, is never called.
        options.setdefault("activity_regularizer", layer.activity_regularizer)
        super().__init__(layer, **options)
        self.supports_masking = layer.supports_masking
        self.autocast = layer.autocast
        self.merged = merged
        takes = inspect.signature(layer.call).parameters
        self._takes_training, self._takes_mask = "training" in takes, "mask" in takes
        self.take_over_quantization()

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        if self.merged:
            return
        self._require_kernels(self.layer)
        for name, kernel in self.kernels().items():
            self.build_kernel(name, kernel)

    def kernels(self) -> dict[str, keras.Variable]:
        """The trained kernels of the wrapped layer, by attribute; none where it is quantized."""
        return {} if self.merged else stored_kernels(self.layer, self.names)

    def trained(self, name: str) -> Tensor:
        """The kernel `name` as it is trained, in float32 or wider, with LoRA's update in it."""
        kernel = in_full_precision(self.kernels()[name])
        lora = lora_of(self.layer, name)
        if lora is None:
            return kernel
        a, b, factor = lora
        update = ops.matmul(in_full_precision(a), in_full_precision(b))
        return kernel + ops.cast(factor * update, kernel.dtype)

    def own_name(self, name: str, what: str) -> str:
        """What `what` of the kernel `name` is called, as in "depthwise_gain"."""
        return name.removesuffix("embeddings").removesuffix("kernel") + what

    def own(self, what: str) -> dict[str, keras.Variable]:
        """The variables `what` of all kernels, which are attributes: checkpoints find no dicts."""
        return {name: getattr(self, self.own_name(name, what)) for name in self.kernels()}

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
        if self.merged:
            return self.layer(inputs, **self._handed_on(inputs, training))
        return self.run(inputs, self.effective_kernels(bool(training)), training)

    def effective_kernels(self, training: bool = False) -> dict[str, Tensor]:
        """What the wrapped layer computes with, by attribute, in float32 at least."""
        return {name: self.effective(name, self.trained(name), training) for name in self.kernels()}

    def run(
        self, inputs: Tensor, computed: dict[str, Tensor], training: bool | None = None
    ) -> Tensor:
        """The wrapped layer's output with the given kernels in place of its own."""
        replaced = {}
        for name, value in computed.items():
            replaced[id(self.kernels()[name])] = value
            if lora := lora_of(self.layer, name):  # its update is in the value
                replaced[id(lora[1])] = ops.zeros(lora[1].shape)
        outputs, losses = called_with(
            self.layer, replaced, inputs, self._handed_on(inputs, training)
        )
        for loss in losses:
            self.add_loss(loss)
        return outputs

    def _handed_on(self, inputs: Tensor, training: bool | None) -> dict[str, Any]:
        handed = {"training": training} if self._takes_training else {}
        mask = getattr(inputs, "_keras_mask", None)
        return {**handed, "mask": mask} if self._takes_mask and mask is not None else handed

    def strip(self) -> keras.layers.Layer:
        """A plain copy of the wrapped layer that holds the effective kernels of inference.

        Raises:
            ValueError: this layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"Layer {self.name!r} is not built: call it, or build it, before strip()."
            )
        config = self.layer.get_config()
        update = [lora_of(self.layer, name) for name in self.kernels()]
        update = {id(variable) for found in update if found for variable in found[:2]}
        if update:  # it is in the effective kernel
            config = {k: v for k, v in config.items() if k not in ("lora_rank", "lora_alpha")}
        plain = type(self.layer).from_config(config)
        plain.build_from_config(self.layer.get_build_config())
        kept = [variable for variable in self.layer.variables if id(variable) not in update]
        for new, old in zip(plain.variables, kept, strict=True):
            # A copy: JAX may donate, and so delete, an array that two variables share.
            new.assign(ops.copy(old.value))
        for name, value in self.effective_kernels().items():
            getattr(holder(plain), name).assign(value)
        return plain

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> Tensor | None:
        return self.layer.compute_mask(inputs, previous_mask)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        # The shape is in this layer's own build config; here it would change the config at build.
        config["layer"].pop("build_config", None)
        return {**config, "merged": True} if self.merged else config

    def _require_kernels(self, layer: keras.layers.Layer) -> None:
        if not stored_kernels(layer, self.names):
            raise ValueError(
                f"Argument `layer` ({layer.name!r}): {type(layer).__name__} object has no "
                "attribute 'kernel' nor 'embeddings' that can be reparameterized. Allowed are "
                f"layers with {', '.join(self.names)}."
            )
