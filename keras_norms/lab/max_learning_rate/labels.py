"""Which outputs are right: what labels and outputs of a classifier say, position by position.

Labels are integers beside outputs of one number a class, one-hot beside the same, or zeros and ones
beside outputs that each decide by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_norms.lab.max_learning_rate.batch import UserBatch, as_numpy


class Weights(keras.losses.Loss):
    """The weight of each position in a loss: its sample weight, and 0 where it is masked."""

    def __init__(self) -> None:
        super().__init__(reduction="none")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return keras.ops.ones(keras.ops.shape(y_pred)[:-1])


WEIGHTS = Weights()


@dataclass(frozen=True)
class Labels:
    """Attributes:
    kind: "integers", "one-hot" or "binary".
    classes: how many there are; 2 of binary ones.
    threshold: of binary ones, above which an output says 1.
    cross_entropy: whether the loss is one, which is ln(classes) at chance.
    """

    kind: str
    classes: int
    threshold: float
    cross_entropy: bool

    @classmethod
    def of(cls, loss: Any, metrics: Iterable[str], batch: UserBatch, outputs: Any) -> Labels | None:
        """None where the model is no classifier of one output.

        It is one by its loss, a cross-entropy, or by a metric that is called an accuracy.
        """
        y = batch[1]
        if any(isinstance(part, dict | list | tuple) for part in (loss, y, outputs)):
            return None
        loss = keras.losses.get(loss)
        name = getattr(loss, "__name__", type(loss).__name__).lower().replace("_", "")
        cross = "crossentropy" in name
        if not (cross or any("acc" in metric for metric in metrics)):
            return None
        shape, wide = tuple(np.shape(y)), tuple(outputs.shape)
        if "binary" in name or wide[-1] == 1:
            kind, classes = "binary", 2
        elif shape == wide:
            kind, classes = "one-hot", wide[-1]
        elif shape in (wide[:-1], (*wide[:-1], 1)):
            kind, classes = "integers", wide[-1]
        else:
            return None
        logits = getattr(loss, "from_logits", None)
        if logits is None and not cross:  # a loss of one's own, or a hinge
            values = keras.ops.convert_to_numpy(outputs)
            logits = bool(values.min() < 0 or values.max() > 1)
        return cls(kind, classes, 0.0 if logits else 0.5, cross)

    def true(self, batch: UserBatch, outputs: Any) -> np.ndarray:
        """The classes of all positions; of binary labels in the shape of the outputs."""
        y = as_numpy(batch[1])
        if self.kind == "one-hot":
            return y.argmax(-1)
        shape = tuple(outputs.shape)
        return y.reshape(shape if self.kind == "binary" else shape[:-1]).astype(np.int64)

    def right(self, batch: UserBatch, outputs: Any) -> np.ndarray:
        values = keras.ops.convert_to_numpy(outputs).astype(np.float32)
        said = values > self.threshold if self.kind == "binary" else values.argmax(-1)
        return said == self.true(batch, outputs)

    def weights(self, batch: UserBatch, outputs: Any, sample: bool = True) -> np.ndarray:
        """Of all positions, in the shape of `true`.

        Args:
            sample: whether the sample weights count; masks do in any case.
        """
        weight = batch[2] if sample and len(batch) == 3 else None
        found = keras.ops.convert_to_numpy(WEIGHTS(batch[1], outputs, sample_weight=weight))
        shape = tuple(outputs.shape)
        found = np.broadcast_to(found, shape[:-1])
        return np.broadcast_to(found[..., None], shape) if self.kind == "binary" else found
