"""Which variables of a model the swept learning rate applies to.

Where a normalizer makes the body's kernels scale-invariant, the largest learning rate that trains
is set by what it leaves out, the head and the normalizers' own scale and shift. Sweeping the
learning rate of a part alone, with the rest at a fixed one, shows which part sets the edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from keras_norms.lab.training.options import PARTS

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run


class Shares:
    """The learning rate of each trainable variable of a model, as a share of a run's swept one."""

    def __init__(self, model: keras.Model) -> None:
        self._swept = {part: swept(model, part) for part in PARTS}

    def __call__(self, run: Run) -> np.ndarray:
        chosen = run.of("optimizer").arguments
        rest = chosen["rest_rate"] / run.learning_rate
        return np.where(self._swept[chosen["applies_to"]], 1.0, rest).astype(np.float32)


def swept(model: keras.Model, part: str) -> np.ndarray:
    """Whether each trainable variable belongs to `part`, in their order.

    The head is the model's last layer. Kernels are what has rank 2 or more, as in the L2 penalty.
    """
    head = {id(variable) for variable in model.layers[-1].trainable_variables}
    return np.array(
        [
            part == "all"
            or (id(variable) not in head and (part == "body" or len(variable.shape) >= 2))
            for variable in model.trainable_variables
        ]
    )
