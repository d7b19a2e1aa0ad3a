"""The statistics that normalizers see over a whole data set, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
from keras import ops

from keras_norms.anatomy.data_batches import Batches
from keras_norms.anatomy.hidden import hidden
from keras_norms.anatomy.normalizers import remembered
from keras_norms.anatomy.pooled import Pooled
from keras_norms.kernels import Moments, affine, moments
from keras_norms.layers.masks import hide
from keras_norms.layers.validation import positive_axes

Tensor = Any
KerasBatch = keras.layers.BatchNormalization


def measure(
    model: keras.Model,
    layers: Mapping[str, keras.layers.Layer],
    batches: Batches,
    verbose: bool = False,
) -> tuple[dict[str, Pooled], dict[str, int]]:
    """What `layers` see in one pass over the data: `Measurement(model, layers).over(batches)`."""
    return Measurement(model, layers).over(batches, verbose)


class Measurement:
    """What normalizers see while a model runs over data, compiled once for many passes.

    Everything but the given layers runs as in inference, so nothing is dropped out. The given
    layers normalize by the statistics of each batch, as in training; those with
    `trainable=False` by their moving statistics, as in training as well.

    Args:
        model: built.
        layers: normalizers of the model, by path. Their `trainable` stays as it is now.

    Attributes:
        layers: those that can be seen. After the first batch the `hidden` ones are not among them:
            they are inside a compiled loop (TensorFlow, JAX), and run as in inference.
    """

    def __init__(self, model: keras.Model, layers: Mapping[str, keras.layers.Layer]) -> None:
        self._model = model
        self._watch(layers)

    def _watch(self, layers: Mapping[str, keras.layers.Layer]) -> None:
        self.layers = dict(layers)
        self._notes = {path: Notes() for path in layers}
        self._program = _Program(self._model, self._notes)

    def over(
        self, batches: Batches, verbose: bool = False
    ) -> tuple[dict[str, Pooled], dict[str, int]]:
        """One pass over the data; the model is afterwards as it was.

        Args:
            batches: the data.
            verbose: whether to show a progress bar.

        Returns:
            For each path that can be seen the pooled statistics, and how often a batch calls the
            layer.

        Raises:
            ValueError: there is no batch.
        """
        pooled = {path: Pooled(layer) for path, layer in self.layers.items()}
        variables = [v for v in self._model.variables if not v.trainable]
        values = [ops.copy(v.value) for v in variables]
        bar = keras.utils.Progbar(batches.number, verbose=int(verbose), unit_name="batch")
        number = 0
        try:
            for x, _, _ in batches:
                for path, parts in self._parts(x, first=not number).items():
                    for part in parts:
                        pooled[path].add(*part)
                number += 1
                bar.update(number, finalize=number == batches.number)
        finally:
            _put_back(variables, values)
        if not number:
            raise ValueError(
                "Argument `data` gave no batch: there is nothing to take statistics of."
            )
        if batches.number is None:
            bar.update(number, finalize=True)
        seen = {path: pooled[path] for path in self.layers}
        return seen, {path: note.calls for path, note in self._notes.items()}

    def _parts(self, x: Any, first: bool) -> dict[str, list[tuple[Tensor, ...]]]:
        """What the layers say of one batch; of the first, without those that are hidden."""
        try:
            with ExitStack() as patches:
                for path, layer in self.layers.items():
                    patches.enter_context(overheard(layer, self._notes[path]))
                return self._program.predict_on_batch(x)
        except Exception:
            unseen = hidden(self.layers, lambda some: self._alone(some, x)) if first else []
            if not unseen:
                raise
        self._watch({path: layer for path, layer in self.layers.items() if path not in unseen})
        return self._parts(x, first=False)

    def _alone(self, layers: Mapping[str, keras.layers.Layer], x: Any) -> None:
        Measurement(self._model, layers)._parts(x, first=False)


class Notes:
    """What one layer said of its batch while a forward pass was traced."""

    def __init__(self) -> None:
        self.calls = 0
        self.parts: list[tuple[Tensor, ...]] = []

    def clear(self) -> None:
        self.calls, self.parts = 0, []

    def take(self, statistics: Moments, shape: tuple[int, ...]) -> None:
        """Statistics in memory's shape, several along the leading axis."""
        known = (statistics.count, statistics.shift, statistics.offset, statistics.variance)
        whole = ops.shape(sum(known))
        known = (ops.reshape(ops.broadcast_to(k, whole), (-1, *shape)) for k in known)
        self.parts.append(tuple(known))


class _Program(keras.Model):
    """The model's forward pass with the layers' notes for outputs, compiled as `predict` is."""

    def __init__(self, model: keras.Model, notes: dict[str, Notes]) -> None:
        super().__init__(name="measured")  # no leading underscore, for TensorFlow's scopes
        self.autocast = False  # the model casts its inputs itself
        self.supports_masking = True
        self.model = model
        self._of_layers = lambda: notes  # a function: Keras looks into dicts
        self.built = True
        self.run_eagerly = getattr(model, "run_eagerly", False)
        if getattr(model, "compiled", False):
            self.jit_compile = model.jit_compile

    def call(self, inputs: Any) -> dict[str, list[tuple[Tensor, ...]]]:
        notes = self._of_layers()
        for note in notes.values():
            note.clear()
        self.model(inputs, training=False)
        return {path: note.parts for path, note in notes.items() if note.parts}


@contextmanager
def overheard(layer: keras.layers.Layer, notes: Notes) -> Iterator[None]:
    """Until the end, the layer normalizes as in training, and notes what it would remember."""
    patches = (_keras if isinstance(layer, KerasBatch) else _ours)(layer, notes)
    layer.__dict__.update(patches)
    try:
        yield
    finally:
        for name in patches:
            del layer.__dict__[name]


def _ours(layer: Any, notes: Notes) -> dict[str, Callable]:
    shape = tuple(getattr(layer, f"moving_{remembered(layer)[0]}").shape)
    usual = layer.call

    def call(inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        notes.calls += 1
        if layer.trainable:
            return usual(inputs, training=True, mask=mask)
        layer.__dict__["_trainable"] = True  # past the setter, which tells models and optimizers
        try:
            usual(inputs, training=True, mask=mask)
        finally:
            layer.__dict__["_trainable"] = False
        return usual(inputs, training=False, mask=mask)

    return {
        "call": call,
        "remember": lambda statistics: notes.take(statistics, shape),
        # One value a channel has a mean at least: a last batch of one example is welcome.
        "warn_of_single_values": lambda x: None,
    }


def _keras(layer: Any, notes: Notes) -> dict[str, Callable]:
    usual = layer.call
    special = getattr(layer, "renorm", False) or type(layer).call is not KerasBatch.call

    def call(inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        notes.calls += 1
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        kept = positive_axes(layer.axis, x.shape)
        axes = tuple(axis for axis in range(len(x.shape)) if axis not in kept)
        x, visible = hide(x, mask, axes, remembered=True)
        statistics = moments(x, axes, visible)
        notes.take(statistics, tuple(layer.moving_mean.shape))
        if special or not layer.trainable:
            options = {} if mask is None else {"mask": mask}
            return usual(inputs, training=layer.trainable, **options)
        # By the same statistics, exact at large means where Keras's own are not.
        shape = [x.shape[axis] if axis in kept else 1 for axis in range(len(x.shape))]
        gamma, beta = (
            None if weight is None else ops.reshape(ops.cast(weight, x.dtype), shape)
            for weight in (layer.gamma, layer.beta)
        )
        y = affine(x, statistics, gamma, beta, layer.epsilon)
        return ops.cast(y, layer.compute_dtype)

    return {"call": call}


def _put_back(variables: list[keras.Variable], values: list[Tensor]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
