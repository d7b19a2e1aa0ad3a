"""`trainable` set after `compile()`: heeded in the next `fit`, or answered by a warning there."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import Any

import keras
from keras.layers import Layer

from keras_norms.kernels.keras_internals import get_global_attribute


class _Steps:
    """The training steps that one model has traced, by which of its layers' flags are flipped.

    So that a model whose flag goes to and fro, as a discriminator's does, traces each step once.
    """

    def __init__(self, model: keras.Model) -> None:
        self.compiled = _compilation(model)
        self.bits: weakref.WeakKeyDictionary[Layer, int] = weakref.WeakKeyDictionary()
        self.flipped = 0
        self.traced: dict[int, Any] = {}

    def flip(self, model: Any, layer: Layer, follows: bool) -> None:
        if self.compiled is not _compilation(model):  # the steps were of another optimizer
            self.compiled, self.traced = _compilation(model), {}
        step = getattr(model, "train_function", None)
        if isinstance(step, _Unheeded):
            step = step.step
        elif step is not None:
            self.traced[self.flipped] = step
        self.flipped ^= self.bits.setdefault(layer, 1 << len(self.bits))
        known = self.traced.get(self.flipped)
        if known is None and step is not None and not follows:
            known = _Unheeded(model, step, layer)
        model.train_function = known


class _Unheeded:
    """A training step traced before a flag was set that it cannot heed: says so when it is run."""

    def __init__(self, model: keras.Model, step: Callable[..., Any], layer: Layer) -> None:
        self.model: Any = weakref.proxy(model)
        self.step, self.layer = step, layer

    def __call__(self, *arguments: Any) -> Any:
        warnings.warn(
            f"`trainable` of layer {self.layer.name!r} was set to {self.layer.trainable} after "
            f"model {self.model.name!r} was compiled. Call `compile()` again before the next "
            "`fit()`: until then the change has no effect.",
            stacklevel=2,
        )
        self.model.train_function = self.step
        return self.step(*arguments)


_known: weakref.WeakKeyDictionary[keras.Model, _Steps] = weakref.WeakKeyDictionary()


FLAG: Any = Layer.trainable  # Keras's own property


class TrainableTakesEffect(Layer):
    """Keras reads `trainable` when it traces the training step, and then never again.

    So a batch normalization frozen after a first `fit` would go on training in silence. This
    layer remembers the models that called it; when its flag changes it makes them trace their
    step anew, or take up the one that they have traced for that flag before. Where the optimizer
    could not follow, the next training warns that `compile()` is due.
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

    def _set_trainable(self, value: bool) -> None:
        changed = bool(value) != self.trainable
        callers = list(getattr(self, "_callers", ())) if changed else []
        weights = self.trainable_variables if callers else []
        FLAG.fset(self, value)
        weights = weights or (self.trainable_variables if callers else [])
        for model in callers:
            if model not in _known:
                _known[model] = _Steps(model)
            optimizer = getattr(model, "optimizer", None)
            _known[model].flip(model, self, self._optimizer_follows(optimizer, weights))

    # Keras's own getter, which costs nothing and which `torch.compile` can read.
    trainable = Layer.trainable.setter(_set_trainable)  # pyright: ignore[reportIncompatibleMethodOverride]

    def _optimizer_follows(self, optimizer: Any, weights: list[keras.Variable]) -> bool:
        """Whether the optimizer, as built, can go on without these weights, or with them."""
        if keras.config.backend() == "jax":
            # Its stateless update wants exactly the variables it was built with.
            return not weights
        known = {id(variable) for variable in getattr(optimizer, "_trainable_variables", ())}
        return not self.trainable or all(id(weight) in known for weight in weights)


def _compilation(model: keras.Model) -> Any:
    """What every `compile()` makes anew."""
    return getattr(model, "_compile_config", None)
