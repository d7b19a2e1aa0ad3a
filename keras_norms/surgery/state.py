"""The state of a layer, given to its copy as Keras's own saving and loading would."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

import keras
from keras import ops

from keras_norms.surgery.copying import NoCopy

Pair = tuple[keras.layers.Layer, keras.layers.Layer]

_SAVING = ("save_own_variables", "load_own_variables")
_ASSETS = ("save_assets", "load_assets")


def copied_state(old: Any, new: Any) -> None:
    """Give `new`, and the layers inside it, what `old` and the layers inside it know.

    What a layer saves and loads in a way of its own (`save_own_variables`, `save_assets`: the
    vocabulary of a lookup, the moments of an adapted normalization) goes that way; then the values
    of all variables, those that no file holds among them (seeds); then what is trainable, layer
    by layer and variable by variable.

    Raises:
        NoCopy: they do not have the same layers and variables.
    """
    if old is new or not isinstance(old, keras.layers.Layer):
        return
    pairs = list(paired(old, new))
    for before, after in pairs:
        _saved_and_loaded(before, after)
    known, made = (_variables(layers) for layers in zip(*pairs, strict=True))
    shapes = [[tuple(v.shape) for v in variables] for variables in (known, made)]
    if shapes[0] != shapes[1]:
        raise NoCopy(
            old,
            f"made again from its config, has variables of shapes {shapes[1]} instead of "
            f"{shapes[0]}: its config does not say all that it is",
            "Return all arguments of its constructor from get_config(), and make its weights in "
            "build().",
        )
    for before, after in zip(known, made, strict=True):
        # A copy: JAX may donate, and so delete, an array that two variables share.
        after.assign(ops.copy(before.value))
    for before, after in pairs:
        if before.trainable != after.trainable:
            after.trainable = before.trainable
    for before, after in zip(known, made, strict=True):
        if before.trainable != after.trainable:
            after.trainable = before.trainable


def paired(old: keras.layers.Layer, new: keras.layers.Layer) -> Iterator[Pair]:
    """A layer and its copy, and each layer inside it with that inside the copy.

    Layers that are attributes meet by the attributes' names: an attribute that was set again stands
    last among the tracked layers of the one and not of the other.
    """
    seen, waiting = set(), [(old, new)]
    while waiting:
        before, after = waiting.pop()
        if id(before) in seen:
            continue
        seen.add(id(before))
        yield before, after
        inside, copies = (_by_attribute(layer) for layer in (before, after))
        if [name for name, _ in inside] != [name for name, _ in copies]:
            inside, copies = ([("", one) for one in layer._layers] for layer in (before, after))
        both = zip(inside, copies, strict=False)
        waiting += reversed([(one, copy) for (_, one), (_, copy) in both])


def _by_attribute(layer: keras.layers.Layer) -> list[tuple[str, keras.layers.Layer]]:
    attributes = {**vars(layer), **vars(layer).get("_modules", {})}  # where torch keeps layers
    names = {id(value): name for name, value in attributes.items()}
    return sorted(((names.get(id(one), ""), one) for one in layer._layers), key=itemgetter(0))


def _variables(layers: Sequence[keras.layers.Layer]) -> list[keras.Variable]:
    """Of layers and those inside them, in the order of `layers`, each once."""
    found: dict[int, keras.Variable] = {}
    for layer in reversed(layers):  # from the inside: an outer one lists those within as tracked
        found |= {id(v): v for v in layer.variables if id(v) not in found}
    return list(found.values())


def _saved_and_loaded(old: keras.layers.Layer, new: keras.layers.Layer) -> None:
    """By the methods that a layer overrides; those of all layers move variables alone."""
    own = any(getattr(type(old), name) is not getattr(keras.layers.Layer, name) for name in _SAVING)
    assets = all(hasattr(old, name) for name in _ASSETS)
    if type(old) is not type(new) or not (own or assets):
        return
    try:
        if own:
            store: dict[str, Any] = {}
            old.save_own_variables(store)
            new.load_own_variables({key: _value(value) for key, value in store.items()})
        if assets:
            with tempfile.TemporaryDirectory() as folder:
                old.save_assets(folder)
                new.load_assets(folder)
    except Exception as error:
        raise NoCopy(
            old,
            f"cannot load what it saves ({type(error).__name__}: {error})",
            "Try model.save() and keras.models.load_model() on it: a copy is made in the same way.",
        ) from error


def _value(saved: Any) -> Any:
    return ops.copy(saved.value) if isinstance(saved, keras.Variable) else saved
