"""Which variables of a model the swept learning rate applies to.

Where a normalizer makes the body's kernels scale-invariant, the largest learning rate that trains
is set by what it leaves out, the head and the normalizers' own scale and shift. Sweeping the
learning rate of a part alone, with the rest at a fixed one, shows which part sets the edge.
"""

from __future__ import annotations

import keras
import numpy as np

PARTS = ("all", "body", "kernels")


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
