"""A model made again with some of its layers replaced, the old one untouched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from keras_norms.anatomy.graph import core_of, is_graph, kept_by_config, made_by_class
from keras_norms.anatomy.normalizers import paths
from keras_norms.surgery.model_copying import Copying
from keras_norms.surgery.rewiring import Replace, Rewiring, forget_calls
from keras_norms.surgery.state import paired
from keras_norms.surgery.verification import Witness, require_same, witness


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
    `keras.Model` whose constructor is not `(inputs, outputs, name)` is copied by its config, and
    tensors of its graph in attributes become those of the new graph. Where its config does not
    give the same graph, or an attribute holds a layer that is replaced, it becomes a plain
    functional model; with a `call` of its own it is refused there.

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
        own = [m for m in inside if is_graph(m) and (kept_by_config(m) or made_by_class(m))]
        return said + [
            f"Model {model.name!r} keeps its class {type(model).__name__}. A file would hold its "
            "config, which does not know the new layers: save its weights, or export it."
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
    copying = Copying(model)
    new = copying.model(model)
    if isinstance(seen, Witness):
        require_same(model, new, seen)
    pairs = [(old, inner) for old, inner in copying.kept if isinstance(old, keras.layers.Layer)]
    inside = [both for pair in pairs for both in paired(*pair)]
    return Copy(new, seen, {id(after): before for before, after in inside})


def rewired(copy: keras.Model, replace: Replace) -> keras.Model:
    """A model of the same layers, some of them replaced; `copy` is used up."""
    forget_calls(copy)
    return Rewiring(replace).model(copy)
