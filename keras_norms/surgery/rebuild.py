"""A model made again with some of its layers replaced, the old one untouched."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_norms.anatomy.graph import calls_of, core_of, is_graph
from keras_norms.surgery.copying import copied, copied_weights

Replace = Callable[[keras.layers.Layer], Sequence[keras.layers.Layer] | None]


def rebuild(model: keras.Model, replace: Replace | None = None) -> keras.Model:
    """The same model, made again, with some layers replaced by none, one or several.

    Every other layer is made from its config and holds copies of the same values, so that the
    outputs of `rebuild(model)` equal those of `model` bit for bit. Shared layers stay shared,
    models inside the model are rebuilt in turn, several inputs and outputs and explicit call
    arguments are kept. What the graph passes along besides tensors (`training`, `mask`) is left
    out where a new layer does not take it.

    The new model is not compiled: losses and optimizers belong to the old weights. A subclass of
    `keras.Model` whose constructor is not `(inputs, outputs, name)` becomes a plain functional
    model of the same graph.

    Args:
        model: functional or Sequential, built, or a subclass with such a graph at its core.
        replace: called once with each layer, inner ones among them but not input layers or models
            that are rebuilt themselves. Gives the layers to call in its place one after the other
            (an empty list: none), or None to keep it.

    Raises:
        ValueError: the model is not built or has no graph; a layer cannot be made from its config
            or made so has other weights; a layer of several inputs is replaced by none.
    """
    return _Rebuilding(replace or (lambda layer: None)).model(model)


class _Rebuilding:
    def __init__(self, replace: Replace) -> None:
        self.replace = replace
        self.made: dict[int, list[Any]] = {}
        self.kept: list[tuple[Any, Any]] = []

    def model(self, old: keras.Model) -> keras.Model:
        self.kept = []
        new = self._rebuilt(old)
        for before, after in self.kept:
            copied_weights(before, after)
        return new

    def _rebuilt(self, old: keras.Model) -> keras.Model:
        core = core_of(old)
        if isinstance(old, keras.Sequential):
            start = keras.layers.InputLayer.from_config(old._layers[0].get_config())
            inner = [new for layer in old.layers for new in self._instead_of(layer)]
            new = keras.Sequential([start, *inner], name=old.name)
            if not inner:  # Keras builds no Sequential model of no layers
                new.add(keras.layers.Identity())
        else:
            new = self._functional(old, core)
        if not old.trainable:
            new.trainable = False
        return new

    def _functional(self, old: keras.Model, core: Any) -> keras.Model:
        tensors: dict[int, Any] = {}
        for tensor in core.inputs:
            layer = tensor._keras_history.operation
            tensors[id(tensor)] = keras.layers.InputLayer.from_config(layer.get_config()).output
        for call in calls_of(old):
            args, kwargs = _filled((call.args, call.kwargs), tensors)
            steps = self._instead_of(call.operation)
            if steps == [] and call.joins > 1:
                raise ValueError(
                    f"Layer {call.name!r} joins several tensors, so no layers cannot take its "
                    "place. Replace it by at least one."
                )
            outputs = _run(steps, args, kwargs, call.operation)
            for symbol, value in zip(call.outputs, keras.tree.flatten(outputs), strict=True):
                tensors[id(symbol)] = value
        inputs, outputs = _filled((core._inputs_struct, core._outputs_struct), tensors)
        kind = type(old) if _takes_inputs_and_outputs(type(old)) else keras.Model
        return kind(inputs, outputs, name=old.name)

    def _instead_of(self, old: Any) -> list[Any]:
        if id(old) not in self.made:
            if is_graph(old):
                new = [self._rebuilt(old)]
            else:
                given = self.replace(old) if isinstance(old, keras.layers.Layer) else None
                new = [copied(old)] if given is None else list(given)
                if given is None:
                    self.kept.append((old, new[0]))
            self.made[id(old)] = new
        return self.made[id(old)]


def _run(steps: list[Any], args: Any, kwargs: dict[str, Any], old: Any) -> Any:
    """The outputs of layers called one after the other, each with what it takes."""
    if len(steps) == 1 and type(steps[0]) is type(old):
        return steps[0](*args, **kwargs)
    x, *rest = args if args else [kwargs[next(iter(kwargs))]]
    for step in steps:
        named = {key: kwargs[key] for key in ("training", "mask") if key in _takes(step, kwargs)}
        x = step(x, *rest, **named)
        rest = []
    return x


def _takes(layer: keras.layers.Layer, kwargs: dict[str, Any]) -> set[str]:
    parameters = inspect.signature(layer.call).parameters
    return {key for key in kwargs if key in parameters}


def _filled(structure: Any, tensors: dict[int, Any]) -> Any:
    return keras.tree.map_structure(
        lambda leaf: tensors[id(leaf)] if isinstance(leaf, keras.KerasTensor) else leaf, structure
    )


def _takes_inputs_and_outputs(kind: type[keras.Model]) -> bool:
    """Whether a model class is made by `kind(inputs, outputs, name=...)`."""
    if kind is keras.Model or kind.__init__ is keras.Model.__init__:
        return True
    parameters = inspect.signature(kind.__init__).parameters
    names = [name for name in parameters if name != "self"]
    several = {parameters[name].kind for name in names}
    both = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return names[:3] == ["inputs", "outputs", "name"] or several >= both
