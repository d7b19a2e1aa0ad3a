"""Gradients and event files on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

_SCALARS = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
)


def compiled(function: Callable, differentiate: bool) -> Callable:
    """`function(trainable, *rest)` to loss and more, as a graph that gives gradients as well."""

    @tf.autograph.experimental.do_not_convert  # as Keras's own step
    def step(trainable: list[tf.Tensor], *rest: Any) -> tuple[Any, Any, list]:
        if not differentiate:
            return *function(trainable, *rest), []
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trainable)
            loss, more = function(trainable, *rest)
        gradients = tape.gradient(loss, trainable)
        # Of an embedding they come as slices.
        return loss, more, [g if g is None else tf.convert_to_tensor(g) for g in gradients]

    return tf.function(step)


class SummaryWriter:
    """An event file, with the methods of torch's class of that name.

    `tf.summary.scalar` would need TensorBoard to be installed where the model trains.
    """

    def __init__(self, folder: str) -> None:
        self._writer = tf.summary.create_file_writer(folder)

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        with self._writer.as_default():
            tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=_SCALARS)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
