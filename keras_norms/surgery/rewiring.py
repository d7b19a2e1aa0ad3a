"""A model of the same layers, some of them replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from keras_norms.anatomy.graph import core_of, graphs, is_graph, kept_by_config, made_by_class
from keras_norms.kernels.keras_internals import Functional
from keras_norms.surgery.calling import Making

Replace = Callable[[keras.layers.Layer], Sequence[keras.layers.Layer] | None]


# Where Keras keeps a graph, beside the attributes of a model's own.
_GRAPH = ("_layers", "_functional", "_operations", "_modules", "_self_")


class Rewiring(Making):
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
        if kept_by_config(old):
            self._require_attributes(old)
        elif not made_by_class(old) or any(self._held_and_replaced(old)):
            return super().functional(old, inputs, outputs)
        kept = {name: self._in_the_new_graph(value) for name, value in _of_tensors(old)}
        policy = old.dtype_policy
        modules = dict(vars(old).get("_modules", {}))
        # Its class and attributes stay, and its own call finds the new graph where the old one was.
        old._tracker.unlock()
        for layer in old.layers:
            old._tracker.untrack(layer)
        Functional.__init__(old, inputs, outputs, name=old.name)
        old.__dict__["_dtype_policy"] = policy
        for name, layer in modules.items():  # torch forgets the layers in attributes
            if not hasattr(old, name):
                old.__dict__[name] = layer
        for name, value in kept.items():
            setattr(old, name, value)
        return old

    def _in_the_new_graph(self, held: Any) -> Any:
        """A structure of a graph's tensors, such as the outputs of a pyramid, for the new graph."""
        return keras.tree.map_structure(lambda leaf: self.tensors.get(id(leaf), leaf), held)

    def _require_attributes(self, model: keras.Model) -> None:
        """Raises ValueError where a call of a model's own may use a layer that is replaced."""
        for name, layer in self._held_and_replaced(model):
            raise ValueError(
                f"Layer {layer.name!r} cannot be replaced: model {model.name!r} "
                f"({type(model).__name__}) has a call() of its own and holds the layer in its "
                f"attribute {name!r}. Pass the functional model inside it."
            )

    def _held_and_replaced(self, model: keras.Model) -> Iterator[tuple[str, Any]]:
        """The layers in attributes of a model in whose place are others."""
        # torch keeps layers that are attributes apart.
        attributes = {**vars(model), **vars(model).get("_modules", {})}
        for name, held in attributes.items():
            for layer in keras.tree.flatten(held) if not name.startswith(_GRAPH) else ():
                steps = self.made.get(id(layer), [layer])
                if isinstance(layer, keras.layers.Layer) and steps != [layer]:
                    yield name, layer

    def layers(self, old: Any) -> list[Any]:
        given = self.replace(old) if isinstance(old, keras.layers.Layer) else None
        return [old] if given is None else list(given)


def _of_tensors(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """The attributes of a model's class that hold tensors of its graph."""
    for name, held in [*vars(model).items()]:
        leaves = keras.tree.flatten(held) if not name.startswith("_") else []
        if any(isinstance(leaf, keras.KerasTensor) for leaf in leaves):
            yield name, held


def forget_calls(copy: keras.Model) -> None:
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
