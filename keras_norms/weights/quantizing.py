"""Quantization of a layer whose kernel is computed."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_norms.weights.kernels import lora_of


class Quantizable(keras.layers.Wrapper):
    """A wrapper whose computed kernels are what is quantized, once and for all.

    Keras quantizes the innermost layers of a model, past any wrapper: it is the wrapped layer's
    method that is replaced.
    """

    merged = False  # whether the wrapped layer has the computed kernels as its own

    def take_over_quantization(self) -> None:
        self._quantize_layer = self.layer.quantize
        self.layer.quantize = self.quantize  # pyright: ignore[reportAttributeAccessIssue]

    # The order of the arguments is that of Keras's wrapper around every layer's `quantize`.
    def quantize(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, mode: str | None = None, config: Any = None, **options: Any
    ) -> None:
        """Quantize the effective kernel, which from then on is fixed.

        Raises:
            NotImplementedError: a mode that trains, or that needs the inputs of the layer; or a
                layer that Keras does not quantize, such as a convolution. Nothing is changed then.
            ValueError: not built, or quantized already.
        """
        mode = mode or getattr(config, "mode", None)
        if mode not in ("int8", "int4"):
            raise NotImplementedError(
                f"Layer {self.name!r} can be quantized to 'int8' or 'int4', not {mode!r}: its "
                "kernel is computed. Put its strip() in its place first."
            )
        kernels, given = self.kernels(), []
        for name, value in self.effective_kernels().items():
            lora = lora_of(self.layer, name)
            replaced = [(kernels[name], value)]
            if lora:
                replaced.append((lora[1], ops.zeros(lora[1].shape)))
            for variable, new in replaced:
                given.append((variable, ops.copy(variable.value)))
                variable.assign(new)
        try:
            self._quantize_layer(mode, config=config, **options)
        except Exception:  # of a convolution, over which the model around it goes on
            for variable, old in given:
                variable.assign(old)
            raise
        self.merged = True
        for name, value in list(vars(self).items()):
            if isinstance(value, keras.Variable):
                delattr(self, name)
