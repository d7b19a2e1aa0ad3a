"""The layers of a graph called again, or others in their places, in order."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from keras_norms.anatomy.graph import calls_of, core_of, is_graph, keeps_class
from keras_norms.surgery.copying import NoCopy


class Making:
    """Calls the layers of a graph again, or others in their places, in order."""

    def __init__(self) -> None:
        self.made: dict[int, list[Any]] = {}
        self.tensors: dict[int, Any] = {}  # of the last graph: new by the ids of old

    def model(self, old: keras.Model) -> keras.Model:
        core = core_of(old)
        if isinstance(old, keras.Sequential):
            start = keras.layers.InputLayer.from_config(old._layers[0].get_config())
            inner = [new for layer in old.layers for new in self.instead_of(layer)]
            inner = inner or [keras.layers.Identity()]  # Keras builds no Sequential of no layers
            new = self.sequential(old, [start, *inner])
        else:
            new = self._functional(old, core)
        new.__dict__["_trainable"] = old.trainable  # past the setter, which sets all layers inside
        return new

    def layers(self, old: Any) -> list[Any]:
        """What is called in the place of a layer or operation that is no graph."""
        raise NotImplementedError

    def instead_of(self, old: Any) -> list[Any]:
        if id(old) not in self.made:
            self.made[id(old)] = [self.model(old)] if is_graph(old) else self.layers(old)
        return self.made[id(old)]

    def _functional(self, old: keras.Model, core: Any) -> keras.Model:
        tensors: dict[int, Any] = {}
        for tensor in core.inputs:
            layer = tensor._keras_history.operation
            tensors[id(tensor)] = keras.layers.InputLayer.from_config(layer.get_config()).output
        for call in calls_of(old):
            args, kwargs = _filled((call.args, call.kwargs), tensors)
            steps = self.instead_of(call.operation)
            if steps == [] and call.joins > 1:
                raise ValueError(
                    f"Layer {call.name!r} joins several tensors, so no layers cannot take its "
                    "place. Replace it by at least one."
                )
            outputs = _run(steps, args, kwargs, call.operation)
            for symbol, value in zip(call.outputs, keras.tree.flatten(outputs), strict=True):
                tensors[id(symbol)] = value
        self.tensors = tensors
        inputs, outputs = _filled((core._inputs_struct, core._outputs_struct), tensors)
        return self.functional(old, inputs, outputs)

    def sequential(self, old: keras.Model, inner: list[Any]) -> keras.Model:
        return (type(old) if keeps_class(old) else keras.Sequential)(inner, name=old.name)

    def functional(self, old: keras.Model, inputs: Any, outputs: Any) -> keras.Model:
        return (type(old) if keeps_class(old) else keras.Model)(inputs, outputs, name=old.name)


def _run(steps: list[Any], args: Any, kwargs: dict[str, Any], old: Any) -> Any:
    """The outputs of layers called one after the other, each with what it takes."""
    if len(steps) == 1 and type(steps[0]) is type(old):
        return _called(steps[0], *args, **kwargs)
    x, *rest = args if args else [kwargs[next(iter(kwargs))]]
    for step in steps:
        named = {key: kwargs[key] for key in ("training", "mask") if key in _takes(step, kwargs)}
        x = _called(step, x, *rest, **named)
        rest = []
    return x


def _called(step: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return step(*args, **kwargs)
    except Exception as error:
        raise NoCopy(
            step,
            f"cannot be called in the new model as the old one is in the original "
            f"({type(error).__name__}: {error})",
            "Its build() or call() may need what its config does not say.",
        ) from error


def _takes(layer: keras.layers.Layer, kwargs: dict[str, Any]) -> set[str]:
    parameters = inspect.signature(layer.call).parameters
    return {key for key in kwargs if key in parameters}


def _filled(structure: Any, tensors: dict[int, Any]) -> Any:
    return keras.tree.map_structure(
        lambda leaf: tensors[id(leaf)] if isinstance(leaf, keras.KerasTensor) else leaf, structure
    )
