"""The residual branches of a finished functional model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from keras_norms.weights.kernels import kernels_of

Node = tuple[str, int]  # a layer's name, and which of its calls


@dataclass(frozen=True)
class Branch:
    """What one addition adds to its shortcut.

    Attributes:
        add: name of the Add layer.
        position: which of its inputs the branch is.
        layers: names of the branch's layers, first to last.
        linear: those of them that have a kernel.
    """

    add: str
    position: int
    layers: tuple[str, ...]
    linear: tuple[str, ...]


def residual_branches(model: keras.Model) -> list[Branch]:
    """The residual branches of a functional model, in the order of its additions.

    At an `Add` of two inputs the branch is the input with more linear layers on the way from
    their last common tensor, the shortcut the other, with none or a projection.

    Raises:
        ValueError: no functional model, no branch, or a layout that this cannot read: an addition
            of other than two inputs or of equals, a branch that is no chain, shared linear layers,
            linear layers inside nested models or layers.
    """
    feeds = _feeds(model)
    linear = {layer.name for layer in model.layers if is_linear(layer)}
    branches = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Add):
            calls = [node for node in feeds if node[0] == layer.name]
            if len(calls) > 1:
                raise _unreadable(layer.name, "is called several times")
            branches.append(_branch(calls[0], feeds, linear))
    if not branches:
        raise ValueError(
            f"Argument `model` ({model.name!r}) has no residual branch: no Add layer joins one to "
            "its shortcut. Use keras.layers.Add rather than `+`."
        )
    members = [name for branch in branches for name in branch.linear]
    for name in members:
        if members.count(name) > 1:
            raise _unreadable(name, "is in several residual branches")
    return branches


def is_linear(layer: keras.layers.Layer) -> bool:
    """Whether a layer has a kernel of its own.

    Raises:
        ValueError: layers inside it have kernels, whose place in the network is not known.
    """
    if kernels_of(layer):
        return True
    inside = [inner for inner in layer._flatten_layers(include_self=False) if kernels_of(inner)]
    if inside:
        raise _unreadable(
            layer.name, f"holds other layers with kernels, such as {inside[0].name!r}"
        )
    return False


def last_linear(model: keras.Model) -> list[str]:
    """Names of the linear layers that no other linear layer follows: the heads."""
    feeds = _feeds(model)
    linear = [layer.name for layer in model.layers if is_linear(layer)]
    followed = {
        before[0]
        for node in feeds
        if node[0] in linear
        for before in _ancestors(node, feeds) - {node}
    }
    return [name for name in linear if name not in followed]


def _branch(add: Node, feeds: dict[Node, list[Node]], linear: set[str]) -> Branch:
    inputs = feeds[add]
    if len(inputs) != 2:
        raise _unreadable(add[0], f"adds {len(inputs)} inputs, not a branch and a shortcut")
    one, two = (_ancestors(node, feeds) for node in inputs)
    sides = [one - two, two - one]
    counts = [sum(node[0] in linear for node in side) for side in sides]
    if counts[0] == counts[1]:
        raise _unreadable(add[0], f"adds two paths of {counts[0]} linear layers each")
    position = counts.index(max(counts))
    chain, node = [], inputs[position]
    while node in sides[position]:
        chain.append(node[0])
        if len(feeds[node]) != 1:
            raise _unreadable(node[0], "joins several tensors inside a residual branch")
        node = feeds[node][0]
    chain.reverse()
    kernels = tuple(name for name in chain if name in linear)
    return Branch(add[0], position, tuple(chain), kernels)


def _feeds(model: keras.Model) -> dict[Node, list[Node]]:
    """For each call of a layer the calls whose outputs it takes, read from the model's config."""
    config = _functional_config(model)
    if config is None:
        raise ValueError(
            f"Argument `model` ({getattr(model, 'name', model)!r}) is no functional model: its "
            "additions cannot be read. Build it as keras.Model(inputs, outputs)."
        )
    return {
        (layer["name"], call): list(_histories(arguments))
        for layer in config["layers"]
        for call, arguments in enumerate(layer["inbound_nodes"] or [{}])
    }


def _functional_config(model: Any) -> dict[str, Any] | None:
    if not isinstance(model, keras.Model) or isinstance(model, keras.Sequential):
        return None
    try:
        config = model.get_config()
    except NotImplementedError:  # a subclass with constructor arguments
        return None
    return config if "input_layers" in config else None


def _histories(value: Any) -> Iterator[Node]:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, call, _ = value["config"]["keras_history"]
            yield name, call
        else:
            for inner in value.values():
                yield from _histories(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _histories(inner)


def _ancestors(node: Node, feeds: dict[Node, list[Node]]) -> set[Node]:
    """The node and all that it is computed from."""
    found, waiting = set(), [node]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting.extend(feeds[here])
    return found


def _unreadable(name: str, why: str) -> ValueError:
    return ValueError(
        f"Layer {name!r} {why}: the model's residual branches cannot be read. A branch must be a "
        "chain of layers that an Add of two inputs joins to its shortcut."
    )
