"""`trainable` set after `compile()`: heeded in the next `fit`, or answered by a warning."""

from __future__ import annotations

import warnings
import weakref
from typing import Any

import keras
from keras.layers import Layer

from keras_norms.kernels.keras_internals import get_global_attribute

FLAG: Any = Layer.trainable  # Keras's own property


class TrainableTakesEffect(Layer):
    """Keras reads `trainable` when it traces the training step, and then never again.

    So a batch normalization frozen after a first `fit` would go on training in silence. This
    layer remembers the models that called it; when its flag changes it makes them trace their
    step anew or, where the optimizer could not follow, warns that `compile()` is due.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._callers: weakref.WeakSet = weakref.WeakSet()

    def note_caller(self) -> None:
        """Remember the model that is calling this layer, if one is."""
        # Keras's own accessor makes a context where there is none, and leaves it behind.
        context = get_global_attribute("current_call_ctx")
        model = None if context is None else context.entry_layer
        if isinstance(model, keras.Model):
            self._callers.add(model)

    @property
    def trainable(self) -> bool:
        return FLAG.fget(self)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        changed = bool(value) != FLAG.fget(self)
        callers = list(getattr(self, "_callers", ())) if changed else []
        weights = self.trainable_variables if callers else []
        FLAG.fset(self, value)
        weights = weights or (self.trainable_variables if callers else [])
        for model in callers:
            if getattr(model, "train_function", None) is None:
                continue
            if self._optimizer_follows(model.optimizer, weights):
                model.train_function = None
            else:
                warnings.warn(
                    f"`trainable` of layer {self.name!r} was set to {bool(value)} after model "
                    f"{model.name!r} was compiled. Call `compile()` again before the next "
                    "`fit()`: until then the change has no effect.",
                    stacklevel=2,
                )

    def _optimizer_follows(self, optimizer: Any, weights: list[keras.Variable]) -> bool:
        """Whether the optimizer, as built, can go on without these weights, or with them."""
        if keras.config.backend() == "jax":
            # Its stateless update wants exactly the variables it was built with.
            return not weights
        known = {id(variable) for variable in getattr(optimizer, "_trainable_variables", ())}
        return not self.trainable or all(id(weight) in known for weight in weights)
