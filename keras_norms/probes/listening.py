"""What the normalizers of a model take, give and would remember, in one forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
from keras import ops

from keras_norms.anatomy.measure import Notes, overheard
from keras_norms.anatomy.normalizers import remembers
from keras_norms.kernels import moments
from keras_norms.layers.masks import hide

Tensor = Any
# The mean and variance of all values that a normalizer takes, and of all that it gives; what a
# normalizer that remembers would remember, channel by channel.
INPUTS, OUTPUTS, STATISTICS = "inputs", "outputs", "statistics"


class Listening:
    """Notes of each of some layers.

    Args:
        layers: normalizers, by path.
    """

    def __init__(self, layers: Mapping[str, keras.layers.Layer]) -> None:
        self.layers = dict(layers)
        self._notes = {
            path: {what: Notes() for what in (INPUTS, OUTPUTS, STATISTICS)} for path in layers
        }

    @contextmanager
    def on(self) -> Iterator[None]:
        """Until the end, the layers are listened to, and normalize as in training."""
        with ExitStack() as patches:
            for path, layer in self.layers.items():
                notes = self._notes[path]
                if remembers(layer) and layer.built:
                    patches.enter_context(overheard(layer, notes[STATISTICS]))
                patches.enter_context(_listened(layer, notes[INPUTS], notes[OUTPUTS]))
            yield

    def take(self) -> dict[str, dict[str, list[tuple[Tensor, ...]]]]:
        """What was noted since the last time: for each path a part for each call."""
        found = {
            path: {what: note.parts for what, note in notes.items()}
            for path, notes in self._notes.items()
        }
        for notes in self._notes.values():
            for note in notes.values():
                note.clear()
        return found


@contextmanager
def _listened(layer: keras.layers.Layer, inputs: Notes, outputs: Notes) -> Iterator[None]:
    patched, usual = layer.__dict__.get("call"), layer.call

    def call(*args: Any, **kwargs: Any) -> Tensor:
        y = usual(*args, **kwargs)
        x = next(iter((*args, *kwargs.values())))
        for values, notes in ((x, inputs), (y, outputs)):
            notes.take(_moments_of_all(values, kwargs.get("mask")), ())
        return y

    layer.__dict__["call"] = call
    try:
        yield
    finally:
        del layer.__dict__["call"]
        if patched is not None:
            layer.__dict__["call"] = patched


def _moments_of_all(values: Tensor, mask: Tensor | None) -> Any:
    x = ops.cast(values, keras.backend.result_type(values.dtype, "float32"))
    axes = tuple(range(len(x.shape)))
    x, visible = hide(x, mask, axes)
    return moments(x, axes, visible)
