"""The calls of a finished model: which layer takes whose output."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_norms.kernels.keras_internals import Functional, keras_mask, takes_a_graph


@dataclass(eq=False)
class Call:
    """One call of a layer, or of another operation, inside a functional model.

    Attributes:
        operation: the layer or operation.
        args: positional arguments of the call, symbolic tensors among them.
        kwargs: keyword arguments, without masks that Keras hands along by itself.
        outputs: the symbolic tensors that the call gave.
        before: the calls whose outputs it takes, once for each.
        after: the calls that take its outputs, once for each.
        leaves: whether an output is an output of the model.
        training: whether it may run as in training when the model is used for inference.
    """

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Any]
    before: list[Call] = field(default_factory=list)
    after: list[Call] = field(default_factory=list)
    leaves: bool = False
    training: bool = False

    @property
    def name(self) -> str:
        return self.operation.name

    @property
    def rank(self) -> int:
        """The rank of the first tensor that the call takes."""
        return len(next(symbolic((self.args, self.kwargs))).shape)

    @property
    def joins(self) -> int:
        """How many tensors the call takes."""
        return len(list(symbolic((self.args, self.kwargs))))

    @property
    def only_before(self) -> Call | None:
        """The call whose output this one takes, where it takes nothing else."""
        return self.before[0] if self.before and self.joins == 1 else None

    @property
    def only_after(self) -> Call | None:
        """The call that takes this one's output, where nothing else sees it."""
        return self.after[0] if len(self.after) == 1 and not self.leaves else None


def core_of(model: Any) -> Any:
    """The functional model that runs a model.

    Raises:
        ValueError: the model is not built, or is a program rather than a graph.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"Argument `model` must be a Keras model. Received: model={model!r}")
    core = model
    if isinstance(model, keras.Sequential):
        # Not public: the graph that Keras keeps of a Sequential model once its inputs are known.
        core = model._functional
    if core is None:
        raise ValueError(
            f"Argument `model` ({model.name!r}) is not built: the shape of its inputs is not "
            "known. Call it once on an example, or model.build(input_shape)."
        )
    if not hasattr(core, "_nodes_by_depth"):
        raise ValueError(
            f"Argument `model` ({model.name!r}, {type(model).__name__}) is no functional or "
            "Sequential model: what its `call` does cannot be rewired. Build it as "
            "keras.Model(inputs, outputs), or pass the functional models inside it one by one."
        )
    return core


def has_own_call(model: keras.Model) -> bool:
    """Whether a model computes something around its graph, so that its class must be kept."""
    return type(model).call not in (Functional.call, keras.Sequential.call, keras.Model.call)


def kept_by_config(model: keras.Model) -> bool:
    """Whether a model's class must be kept, and its constructor wants more than the graph."""
    if not has_own_call(model):
        return False
    parameters = inspect.signature(type(model).__init__).parameters.values()
    more = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "name"]
    return bool(more) or not keeps_class(model)


def made_by_class(model: keras.Model) -> bool:
    """Whether a model without a call of its own has a class whose constructor makes its graph."""
    own = type(model) not in (keras.Model, Functional) and not isinstance(model, keras.Sequential)
    return own and not has_own_call(model) and not keeps_class(model)


def keeps_class(model: keras.Model) -> bool:
    """Whether the class of a model can be called with other layers."""
    if isinstance(model, keras.Sequential):
        return type(model).__init__ is keras.Sequential.__init__
    return type(model).__init__ is keras.Model.__init__ or takes_a_graph(type(model))


def calls_of(model: keras.Model) -> list[Call]:
    """All calls that the outputs depend on, each after those that it takes from."""
    core = core_of(model)
    depths = sorted(core._nodes_by_depth, reverse=True)
    nodes = [node for depth in depths for node in core._nodes_by_depth[depth] if not node.is_input]
    calls = [
        Call(node.operation, node.arguments.args, _given(node.arguments), list(node.outputs))
        for node in nodes
    ]
    for call in calls:
        call.training = _trains(call.kwargs)
    needed = {id(tensor) for tensor in core.outputs}
    kept = []
    for call in reversed(calls):
        if any(id(tensor) in needed for tensor in call.outputs):
            needed |= {id(tensor) for tensor in symbolic((call.args, call.kwargs))}
            kept.append(call)
    kept.reverse()
    makers = {id(tensor): call for call in kept for tensor in call.outputs}
    for call in kept:
        taken = [makers.get(id(tensor)) for tensor in symbolic((call.args, call.kwargs))]
        call.before = [maker for maker in taken if maker is not None]
        for maker in call.before:
            maker.after.append(call)
    for tensor in core.outputs:
        if id(tensor) in makers:
            makers[id(tensor)].leaves = True
    return kept


def symbolic(structure: Any) -> Iterator[Any]:
    """The symbolic tensors in a structure, in order."""
    for leaf in keras.tree.flatten(structure):
        if isinstance(leaf, keras.KerasTensor):
            yield leaf


def graphs(model: keras.Model) -> list[list[Call]]:
    """The calls of a model and of every functional or Sequential model inside it, each once."""
    found: dict[int, list[Call]] = {}
    waiting = [model]
    while waiting:
        inner = waiting.pop(0)
        if id(inner) not in found:
            found[id(inner)] = calls_of(inner)
            waiting += [c.operation for c in found[id(inner)] if is_graph(c.operation)]
    _hand_training_on(found)
    return list(found.values())


def _hand_training_on(found: dict[int, list[Call]]) -> None:
    """What is called in training mode anywhere runs all of its calls so."""
    waiting = [call for calls in found.values() for call in calls if call.training]
    while waiting:
        inside = found.get(id(waiting.pop().operation), [])
        waiting += [call for call in inside if not call.training]
        for call in inside:
            call.training = True


def is_graph(operation: Any) -> bool:
    """Whether an operation is a model whose calls can be read and rewired."""
    if isinstance(operation, keras.Sequential):
        return operation._functional is not None
    return isinstance(operation, keras.Model) and hasattr(operation, "_nodes_by_depth")


def _trains(kwargs: dict[str, Any]) -> bool:
    """Whether a call asks for training mode, by any value that is not known to be false.

    Keras takes it by its name alone.
    """
    given = kwargs.get("training")
    return isinstance(given, keras.KerasTensor) or (given is not None and bool(given))


def _given(arguments: Any) -> dict[str, Any]:
    """The keyword arguments without the masks that Keras fills in from the tensors again."""
    masks = {id(keras_mask(tensor)) for tensor in symbolic(arguments.args)}
    masks |= {id(keras_mask(tensor)) for tensor in symbolic(arguments.kwargs)}
    return {
        key: value
        for key, value in arguments.kwargs.items()
        if not (key.endswith("mask") and value is not None and _all_of(value, masks))
    }


def _all_of(value: Any, masks: set[int]) -> bool:
    return all(leaf is None or id(leaf) in masks for leaf in keras.tree.flatten(value))
