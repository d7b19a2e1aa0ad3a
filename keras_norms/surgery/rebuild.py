"""A model made again with some of its layers replaced, the old one untouched."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

# Not public: what makes the graph of a model whose class has a constructor of its own.
from keras.src.models.functional import Functional

from keras_norms.anatomy.graph import (
    calls_of,
    core_of,
    graphs,
    is_graph,
    keeps_class,
    kept_by_config,
)
from keras_norms.anatomy.normalizers import paths
from keras_norms.surgery.copying import NoCopy, copied
from keras_norms.surgery.state import copied_state
from keras_norms.surgery.verification import Witness, require_same, witness

Replace = Callable[[keras.layers.Layer], Sequence[keras.layers.Layer] | None]


def rebuild(
    model: keras.Model, replace: Replace | None = None, *, check: Any = True
) -> keras.Model:
    """The same model, made again, with some layers replaced by none, one or several.

    Every other layer is made from its config and holds the same state, as after Keras's own save
    and load, so that the outputs of `rebuild(model)` equal those of `model` bit for bit. Shared
    layers stay shared, models inside the model are rebuilt in turn, several inputs and outputs and
    explicit call arguments are kept. What the graph passes along besides tensors (`training`,
    `mask`) is left out where a new layer does not take it.

    A layer without variables that its config does not give back stands in the new model itself;
    one with variables is taken from a copy of the whole model by the model's own config.

    The new model is not compiled: losses and optimizers belong to the old weights. A subclass of
    `keras.Model` whose constructor is not `(inputs, outputs, name)` becomes a plain functional
    model of the same graph, unless it has a `call` of its own: then it is copied by its config,
    and no layer in it can be replaced.

    Args:
        model: functional or Sequential, built, or a subclass with such a graph at its core.
        replace: called once with each layer of the copy, inner ones among them but not input
            layers or models that are rebuilt themselves. Gives the layers to call in its place one
            after the other (an empty list: none), or None to keep it.
        check: the copy is compared with the original, before anything is replaced, on a small
            random batch; or on these inputs, where inputs are given; or not at all (False). Inputs
            that are no floats are compared only where they are given.

    Raises:
        ValueError: the model is not built or has no graph; a layer cannot be made again, or made
            so has other weights or other outputs; a layer of several inputs is replaced by none.
    """
    copy = checked_copy(model, check)
    if replace is None:
        return copy.model
    return rewired(copy.model, lambda layer: replace(copy.original(layer)))


@dataclass(frozen=True)
class Copy:
    """An untouched copy of a model.

    Attributes:
        model: the copy.
        seen: what it was held against, or why it could not be.
        origins: the original's layers, by the ids of the copy's.
    """

    model: keras.Model
    seen: Witness | str
    origins: dict[int, Any]

    @property
    def notes(self) -> list[str]:
        """What a report says of it."""
        said = [self.seen] if isinstance(self.seen, str) else []
        inside = [self.model, *(layer for _, layer in paths(self.model))]
        own = [m for m in inside if is_graph(m) and kept_by_config(m)]
        return said + [
            f"Model {model.name!r} keeps its class {type(model).__name__}, for its own call(). A "
            "file would hold its config, which does not know the new layers: save its weights, or "
            "export it."
            for model in own
        ]

    def original(self, layer: Any) -> Any:
        """The layer of the original that a layer of the copy is made like."""
        return self.origins.get(id(layer), layer)


def checked_copy(model: keras.Model, check: Any) -> Copy:
    """An untouched copy of a model that has a graph.

    Raises:
        ValueError: as `rebuild`.
    """
    core_of(model)
    seen = witness(model, check)
    copying = _Copying(model)
    new = copying.model(model)
    if isinstance(seen, Witness):
        require_same(model, new, seen)
    pairs = [(old, inner) for old, inner in copying.kept if isinstance(old, keras.layers.Layer)]
    inside = [zip(a._flatten_layers(), b._flatten_layers(), strict=False) for a, b in pairs]
    return Copy(new, seen, {id(after): before for both in inside for before, after in both})


def rewired(copy: keras.Model, replace: Replace) -> keras.Model:
    """A model of the same layers, some of them replaced; `copy` is used up."""
    _forget_calls(copy)
    return _Rewiring(replace).model(copy)


class _Making:
    """Calls the layers of a graph again, or others in their places, in order."""

    def __init__(self) -> None:
        self.made: dict[int, list[Any]] = {}

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
        inputs, outputs = _filled((core._inputs_struct, core._outputs_struct), tensors)
        return self.functional(old, inputs, outputs)

    def sequential(self, old: keras.Model, inner: list[Any]) -> keras.Model:
        return (type(old) if keeps_class(old) else keras.Sequential)(inner, name=old.name)

    def functional(self, old: keras.Model, inputs: Any, outputs: Any) -> keras.Model:
        return (type(old) if keeps_class(old) else keras.Model)(inputs, outputs, name=old.name)


class _Copying(_Making):
    """Every layer made again, then given its state."""

    def __init__(self, whole: keras.Model) -> None:
        super().__init__()
        self.whole = whole
        self.kept: list[tuple[Any, Any]] = []
        self.twins: dict[int, Any] | None = None

    def model(self, old: keras.Model) -> keras.Model:
        if kept_by_config(old):
            self.kept.append((old, new := copied(old)))
        else:
            new = super().model(old)
        if old is self.whole:
            for before, after in self.kept:
                copied_state(before, after)
        return new

    def layers(self, old: Any) -> list[Any]:
        try:
            new = copied(old)
        except NoCopy as error:
            new = self._twin(old, error)
        self.kept.append((old, new))
        return [new]

    def _twin(self, old: Any, error: NoCopy) -> Any:
        """The layer in a copy of the whole model by the model's own config.

        Raises:
            NoCopy: there is none.
        """
        if self.twins is None:
            self.twins = {}
            try:
                whole = copied(self.whole)
            except NoCopy:
                raise error from error.__cause__
            for (path, before), (same, after) in zip(paths(self.whole), paths(whole), strict=False):
                if path == same and type(before) is type(after):
                    self.twins[id(before)] = after
            for _, layer in paths(whole):
                layer._inbound_nodes.clear()
                layer._outbound_nodes.clear()
        if id(old) not in self.twins:
            raise error
        return self.twins[id(old)]


class _Rewiring(_Making):
    """The layers themselves called again, some of them replaced."""

    def __init__(self, replace: Replace) -> None:
        super().__init__()
        self.replace = replace

    def sequential(self, old: keras.Model, inner: list[Any]) -> keras.Model:
        if not kept_by_config(old):
            return super().sequential(old, inner)
        self._require_attributes(old)
        old._layers = inner
        old._maybe_rebuild()
        return old

    def functional(self, old: keras.Model, inputs: Any, outputs: Any) -> keras.Model:
        if not kept_by_config(old):
            return super().functional(old, inputs, outputs)
        self._require_attributes(old)
        # Its class and attributes stay, and its own call finds the new graph where the old one was.
        old._tracker.unlock()
        for layer in old.layers:
            old._tracker.untrack(layer)
        Functional.__init__(old, inputs, outputs, name=old.name)
        return old

    def _require_attributes(self, model: keras.Model) -> None:
        """Raises ValueError where a call of a model's own may use a layer that is replaced."""
        graph = ("_layers", "_functional", "_operations", "_modules", "_self_")
        # torch keeps layers that are attributes apart.
        attributes = {**vars(model), **vars(model).get("_modules", {})}
        for name, held in attributes.items():
            for layer in keras.tree.flatten(held) if not name.startswith(graph) else ():
                steps = self.made.get(id(layer), [layer])
                if isinstance(layer, keras.layers.Layer) and steps != [layer]:
                    raise ValueError(
                        f"Layer {layer.name!r} cannot be replaced: model {model.name!r} "
                        f"({type(model).__name__}) has a call() of its own and holds the layer in "
                        f"its attribute {name!r}. Pass the functional model inside it."
                    )

    def layers(self, old: Any) -> list[Any]:
        given = self.replace(old) if isinstance(old, keras.layers.Layer) else None
        return [old] if given is None else list(given)


def _forget_calls(copy: keras.Model) -> None:
    """Take the calls of a model's graphs out of its layers, which will be called anew.

    Not public, as Keras never takes a call back: by its calls a layer knows its outputs, and a
    model its place in a file.
    """
    waiting, nodes, operations = [copy], set(), {}
    for calls in graphs(copy):
        operations |= {id(call.operation): call.operation for call in calls}
        waiting += [call.operation for call in calls if is_graph(call.operation)]
    for model in waiting:
        by_depth = core_of(model)._nodes_by_depth.values()
        nodes |= {id(node) for several in by_depth for node in several}
    for operation in operations.values():
        for calls in (operation._inbound_nodes, operation._outbound_nodes):
            calls[:] = [node for node in calls if id(node) not in nodes]


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
