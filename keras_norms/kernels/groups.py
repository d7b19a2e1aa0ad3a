"""Groups of neighbouring slices, which share their statistics."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from keras_norms.kernels.native import native

Tensor = Any

# The largest group whose sum may be a product with a square matrix.
LARGEST_MATRIX = 256


class Groups(NamedTuple):
    """Neighbouring slices along `axis`, in `number` groups, that share their statistics.

    Statistics keep one value for each slice, equal within a group: so they broadcast to the
    inputs as they are, and no full-sized tensor is ever reshaped.
    """

    axis: int
    number: int

    def total(self, x: Tensor) -> Tensor:
        """The sum within each group, laid out again for each of its slices."""
        return self._weighed(x, np.ones(self.size(x)))

    def first(self, x: Tensor) -> Tensor:
        """The first slice of each group, laid out for each of its slices."""
        return self._weighed(x, np.eye(self.size(x))[0])

    def size(self, x: Tensor) -> int:
        return x.shape[self.axis] // self.number

    def _weighed(self, x: Tensor, weight: np.ndarray) -> Tensor:
        """The weighted sum within each group, laid out again for each of its slices.

        What is not finite in one group stays in it.
        """
        size, shape = self.size(x), ops.shape(x)
        last = all(n == 1 for n in x.shape[self.axis + 1 :])
        if last and size <= LARGEST_MATRIX and native.sums_by_product():
            matrix = ops.cast(np.tile(weight[:, None], size), x.dtype)
            return ops.reshape(ops.reshape(x, (-1, size)) @ matrix, shape)
        before, after = shape[: self.axis], shape[self.axis + 1 :]
        parted = ops.reshape(x, (*before, self.number, size, *after))
        weight = ops.cast(weight.reshape(size, *(1 for _ in after)), x.dtype)
        summed = ops.sum(parted * weight, axis=self.axis + 1, keepdims=True)
        return ops.reshape(ops.broadcast_to(summed, ops.shape(parted)), shape)
