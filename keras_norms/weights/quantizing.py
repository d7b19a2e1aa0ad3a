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
            NotImplementedError: a mode that trains, or that needs the inputs of the layer.
            ValueError: not built, or quantized already.
        """
        mode = mode or getattr(config, "mode", None)
        if mode not in ("int8", "int4"):
            raise NotImplementedError(
                f"Layer {self.name!r} can be quantized to 'int8' or 'int4', not {mode!r}: its "
                "kernel is computed. Put its strip() in its place first."
            )
        kernels = self.kernels()
        for name, value in self.effective_kernels().items():
            kernels[name].assign(value)
            if lora := lora_of(self.layer, name):
                lora[1].assign(ops.zeros(lora[1].shape))
        self._quantize_layer(mode, config=config, **options)
        self.merged = True
        for name, value in list(vars(self).items()):
            if isinstance(value, keras.Variable):
                delattr(self, name)
