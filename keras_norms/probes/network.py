"""A network's loss on one batch, its gradients and its signals, as functions of its weights.

A signal is what a layer puts out, with the loss's gradient in it: the gradient in a zero that is
added to the output, so that layers are heard in any model, normalized or not, on any backend.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

Tensor = Any
Weights = Sequence[Any] | None


class Signal(NamedTuple):
    """What a layer gave in one call.

    Attributes:
        layer: its name.
        input: what it took; the first, where there are several.
        output, gradient: what it gave, and the gradient of the loss in that.
    """

    layer: str
    input: np.ndarray
    output: np.ndarray
    gradient: np.ndarray


class Seen(NamedTuple):
    """What one pass showed.

    Attributes:
        loss: mean over the batch.
        gradients: of the trainable weights, in their order.
        signals: of the layers listened to, in the order of their calls.
    """

    loss: float
    gradients: list[np.ndarray]
    signals: list[Signal]


def mean_cross_entropy(y: Tensor, logits: Tensor) -> Tensor:
    """Mean of `-log softmax(logits)` at class numbers `y`."""
    losses = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
    return ops.mean(losses)


class Network:
    """A model as in training: normalizers by the statistics of the batch, dropout with one mask.

    Nothing of the model changes, neither weights nor moving averages nor seeds. Its own losses
    (regularizers) are left out.

    Args:
        model: built, with one output.
        layers: to listen to.
        loss: of `(y, outputs)`; cross-entropy of logits where nothing else is given.
    """

    def __init__(
        self,
        model: keras.Model,
        layers: Sequence[keras.layers.Layer] = (),
        loss: Callable[[Tensor, Tensor], Tensor] = mean_cross_entropy,
    ) -> None:
        self.model, self.layers, self._loss = model, list(layers), loss
        self._names: list[str] = []
        self._known: dict[tuple, list[tuple[int, ...]]] = {}
        backend = importlib.import_module(f"keras_norms.probes.{keras.config.backend()}")
        self._plain = backend.compiled(self._pure, differentiate=False)
        self._sloped = backend.compiled(self._pure, differentiate=True)

    def weights(self) -> list[np.ndarray]:
        """The trainable weights that the model has now."""
        return [_array(variable.value) for variable in self.model.trainable_variables]

    def loss(self, x: Any, y: Any, weights: Weights = None) -> float:
        """The loss on a batch, at the model's present weights or at `weights`."""
        loss, _, _ = self._plain(self._values(weights, ()), self._fixed(), *_tensors(x, y))
        return float(_array(loss))

    def outputs(self, x: Any, y: Any, weights: Weights = None) -> list[tuple[str, np.ndarray]]:
        """What the layers put out, with their names, in the order of their calls."""
        _, found, _ = self._plain(self._values(weights, ()), self._fixed(), *_tensors(x, y))
        return [(name, _array(output)) for name, (_, output) in self._named(found)]

    def look(self, x: Any, y: Any, weights: Weights = None) -> Seen:
        """The loss on a batch, its gradients in the weights, and the signals of the layers."""
        zeros = [np.zeros(shape, np.float32) for shape in self._shapes(x, y)]
        loss, heard, gradients = self._sloped(
            self._values(weights, zeros), self._fixed(), *_tensors(x, y)
        )
        trained = self.model.trainable_variables
        own, inside = gradients[: len(trained)], gradients[len(trained) :]
        signals = [
            Signal(name, *map(_array, (*pair, slope)))
            for (name, pair), slope in zip(self._named(heard), inside, strict=True)
        ]
        slopes = [
            np.zeros(variable.shape, np.float32) if slope is None else _array(slope)
            for variable, slope in zip(trained, own, strict=True)
        ]
        return Seen(float(_array(loss)), slopes, signals)

    def _named(self, heard: list[Any]) -> list[tuple[str, Any]]:
        return list(zip(self._names, heard, strict=True))

    def _shapes(self, x: Any, y: Any) -> list[tuple[int, ...]]:
        """Of the outputs, by a pass of its own for the first inputs of their shapes."""
        if not self.layers:
            return []
        given = tuple(tuple(array.shape) for array in keras.tree.flatten(x))
        if given not in self._known:
            _, found, _ = self._plain(self._values(None, ()), self._fixed(), *_tensors(x, y))
            self._known[given] = [tuple(output.shape) for _, output in found]
        return self._known[given]

    def _values(self, weights: Weights, zeros: Sequence[np.ndarray]) -> list[Tensor]:
        variables = self.model.trainable_variables
        given = [v.value for v in variables] if weights is None else weights
        values = [ops.convert_to_tensor(w, v.dtype) for w, v in zip(given, variables, strict=True)]
        return values + [ops.convert_to_tensor(zero) for zero in zeros]

    def _fixed(self) -> list[Tensor]:
        return [ops.convert_to_tensor(v.value) for v in self.model.non_trainable_variables]

    def _pure(self, values: list[Tensor], fixed: list[Tensor], x: Any, y: Any) -> Any:
        trained = self.model.trainable_variables
        weights, zeros = values[: len(trained)], values[len(trained) :]
        variables = [*trained, *self.model.non_trainable_variables]
        names, heard, shift = [], [], iter(zeros)

        def hear(layer: keras.layers.Layer, given: Tensor, output: Tensor) -> Tensor:
            zero = next(shift, None)
            if zero is not None:
                output = output + ops.cast(zero, output.dtype)
            names.append(layer.name)
            heard.append((given, output))
            return output

        mapping = zip(variables, [*weights, *fixed], strict=True)
        with keras.StatelessScope(list(mapping)), ExitStack() as patches:
            for layer in self.layers:
                patches.enter_context(_heard(layer, hear))
            outputs = self.model(x, training=True)
        self._names = names
        return self._loss(y, outputs), heard


@contextmanager
def _heard(layer: keras.layers.Layer, hear: Callable) -> Iterator[None]:
    patched, usual = layer.__dict__.get("call"), layer.call

    def call(*args: Any, **kwargs: Any) -> Tensor:
        given = keras.tree.flatten(next(iter((*args, *kwargs.values()))))[0]
        return hear(layer, given, usual(*args, **kwargs))

    layer.__dict__["call"] = call
    try:
        yield
    finally:
        del layer.__dict__["call"]
        if patched is not None:
            layer.__dict__["call"] = patched


def _tensors(x: Any, y: Any) -> tuple[Any, Any]:
    return keras.tree.map_structure(ops.convert_to_tensor, x), ops.convert_to_tensor(y)


def _array(tensor: Tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))
