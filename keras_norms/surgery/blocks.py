"""Layers made of layers: their calls read as a graph, so that surgery reaches what is inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_norms.anatomy.graph import Call, calls_of, graphs, is_graph, symbolic
from keras_norms.anatomy.selection import is_normalizer
from keras_norms.kernels.keras_internals import keras_mask
from keras_norms.surgery.rewiring import Rewiring, forget_calls
from keras_norms.surgery.verification import COPY, EXAMPLES, UNKNOWN
from keras_norms.weights.base import Reparameterization

# Their call is a program around the layer inside, not a sequence of layers.
_AROUND = (keras.layers.Wrapper, keras.layers.RNN, keras.Model)


class Closed(Exception):
    """Why a layer's call cannot be read as a graph."""


class Blocks:
    """The layers of a copy that hold normalizers, each opened into a model of its call.

    A block is opened where its call can be traced on symbolic inputs, does the same in training,
    and gives the same outputs on random numbers. The models hold the layers themselves, under the
    block's name, and stand for the block in `model`; what is not changed in the end is the block
    again (`rewired`).

    Attributes:
        model: the copy, with blocks opened.
        reasons: why the others were not, by their ids.
    """

    def __init__(self, copy: keras.Model, check: Any) -> None:
        self.verify = check is not False
        self.reasons: dict[int, str] = {}
        self._blocks: dict[int, keras.layers.Layer] = {}  # by the id of the model of its call
        self.model = self._opened(copy)

    def why(self, layer: keras.layers.Layer) -> str:
        """What a report says of a normalizer inside a layer that stayed closed."""
        reason = self.reasons.get(id(layer))
        kind = f"inside {layer.name!r} ({type(layer).__name__}), which is no model"
        return f"{kind}: {reason}" if reason else kind

    def rewired(self, replace: Any) -> keras.Model:
        """`model` with layers replaced, and with the blocks in which none is; it is used up."""
        forget_calls(self.model)
        return _Closing(replace, self._blocks).model(self.model)

    def _opened(self, model: keras.Model) -> keras.Model:
        models: dict[int, keras.Model] = {}
        for call in [call for calls in graphs(model) for call in calls]:
            block = call.operation
            if not _holds_normalizers(block) or id(block) in {*models, *self.reasons}:
                continue
            try:
                graph = _graph_of(call, self.verify)
            except Closed as error:
                self.reasons[id(block)] = str(error)
                continue
            models[id(block)] = self._opened(graph)
            self._blocks[id(models[id(block)])] = block
        if not models:
            return model
        forget_calls(model)
        found = {key: [value] for key, value in models.items()}
        return Rewiring(lambda layer: found.get(id(layer))).model(model)


class _Closing(Rewiring):
    """Rewiring in which an opened block without a replaced layer is the block again."""

    def __init__(self, replace: Any, blocks: dict[int, keras.layers.Layer]) -> None:
        super().__init__(replace)
        self.blocks = blocks

    def instead_of(self, old: Any) -> list[Any]:
        block = self.blocks.get(id(old))
        if block is None or id(old) in self.made:
            return super().instead_of(old)
        inside = [call.operation for calls in graphs(old) for call in calls]
        layers = [op for op in inside if isinstance(op, keras.layers.Layer) and not is_graph(op)]
        if any(self.replace(layer) is not None for layer in layers):
            return super().instead_of(old)
        self.made[id(old)] = [block]
        return [block]


def _holds_normalizers(layer: Any) -> bool:
    if not isinstance(layer, keras.layers.Layer) or isinstance(layer, _AROUND):
        return False
    if is_normalizer(layer) or type(layer).__module__.partition(".")[0] == "keras":
        return False
    inside = layer._flatten_layers(include_self=False)
    return any(is_normalizer(one) or isinstance(one, Reparameterization) for one in inside)


def _graph_of(call: Call, verify: bool) -> keras.Model:
    """A model of the layers that a block calls.

    Raises:
        Closed: there is none of the same outputs.
    """
    block = call.operation
    if block._trainable_variables or block._non_trainable_variables or block._seed_generators:
        raise Closed("it has weights or random numbers of its own")
    if len(call.args) != 1 or any(True for _ in symbolic(call.kwargs)):
        raise Closed("it is not called on one argument")
    if any(keras_mask(tensor) is not None for tensor in symbolic(call.args)):
        raise Closed("a mask reaches it")
    if block.activity_regularizer is not None:
        raise Closed("it has an activity regularizer")
    with _calls_kept(block, calls_stay=False):
        training = _shape_of(_traced(block, call, True))
    with _calls_kept(block, calls_stay=True):
        graph = _traced(block, call, None)
    if _shape_of(graph) != training:
        raise Closed("its call() does something else in training")
    if verify:
        _require_same(block, graph)
    graph.__dict__["_trainable"] = block.trainable  # past the setter, which sets all layers inside
    return graph


@contextmanager
def _calls_kept(block: keras.layers.Layer, calls_stay: bool) -> Iterator[None]:
    """Take the calls that are made out of the layers inside again, always if one fails."""
    layers = block._flatten_layers(include_self=False)
    before = [(layer, [*layer._inbound_nodes], [*layer._outbound_nodes]) for layer in layers]
    stays = False
    try:
        yield
        stays = calls_stay
    finally:
        for layer, *calls in () if stays else before:
            layer._inbound_nodes[:], layer._outbound_nodes[:] = calls


def _traced(block: Any, call: Call, training: bool | None) -> keras.Model:
    """The block's `call` on symbolic inputs, with its layers as they are."""

    def fresh(tensor: Any) -> Any:
        # As the block's own `__call__` casts them.
        cast = block.autocast and keras.backend.is_float_dtype(tensor.dtype)
        dtype = block.compute_dtype if cast else tensor.dtype
        return keras.Input(batch_shape=tensor.shape, dtype=dtype)

    inputs = keras.tree.map_structure(fresh, call.args[0])
    given = {"training": training} if block._call_has_training_arg else {}
    try:
        outputs = block.call(inputs, **given)
        return keras.Model(inputs, outputs, name=block.name)
    except Exception as error:
        said = str(error).strip().split("\n")[0]
        raise Closed(f"its call() cannot be traced ({type(error).__name__}: {said})") from error


def _shape_of(graph: keras.Model) -> list[Any]:
    """The operations in order: layers with weights themselves, of the others their kinds."""
    return [
        id(op) if getattr(op, "variables", None) else type(op)
        for op in (call.operation for call in calls_of(graph))
    ]


def _require_same(block: keras.layers.Layer, graph: keras.Model) -> None:
    draw = np.random.default_rng(0)

    def drawn(spec: Any) -> Any:
        if not keras.backend.is_float_dtype(spec.dtype):
            raise Closed(f"its input is {spec.dtype}, on which it cannot be tried")
        sizes = [UNKNOWN if n is None else n for n in spec.shape[1:]]
        return ops.cast(draw.normal(size=(EXAMPLES, *sizes)).astype("float32"), spec.dtype)

    batch = keras.tree.map_structure(drawn, graph._inputs_struct)
    try:
        wanted, found = (
            [ops.convert_to_numpy(ops.cast(y, "float32")) for y in keras.tree.flatten(outputs)]
            for outputs in (AtInference(block)(batch, training=False), graph(batch, training=False))
        )
    except Exception as error:  # sizes that were not known when it was traced, for example
        said = str(error).strip().split("\n")[0]
        raise Closed(f"traced, its call() does not run ({type(error).__name__}: {said})") from error
    for x, y in zip(wanted, found, strict=True):
        if x.shape != y.shape or not np.allclose(y, x, rtol=0, atol=COPY * np.abs(x).max()):
            raise Closed("traced, its call() gives other outputs")


class AtInference(keras.layers.Layer):
    """A layer and all inside it as at inference, also where its call takes no `training`."""

    def __init__(self, inner: keras.layers.Layer) -> None:
        super().__init__(autocast=False)
        self.inner = inner

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.inner(inputs)
