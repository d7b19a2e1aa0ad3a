"""Groups of neighbouring slices, which share their statistics."""

from __future__ import annotations

from typing import Any, NamedTuple

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
        size = self.size(x)
        if self._is_small(x):
            return self._product(x, ops.ones((size, size), x.dtype))
        return self._laid_out(x, ops.sum(self._parted(x), axis=self.axis + 1, keepdims=True))

    def first(self, x: Tensor) -> Tensor:
        """The first slice of each group, laid out for each of its slices."""
        size = self.size(x)
        if self._is_small(x):
            row = ops.cast(ops.equal(ops.arange(size), 0), x.dtype)
            return self._product(x, ops.broadcast_to(row[:, None], (size, size)))
        behind = [slice(None)] * (self.axis + 1)
        return self._laid_out(x, self._parted(x)[(*behind, slice(0, 1))])

    def size(self, x: Tensor) -> int:
        return x.shape[self.axis] // self.number

    def _is_small(self, x: Tensor) -> bool:
        last = all(n == 1 for n in x.shape[self.axis + 1 :])
        return last and self.size(x) <= LARGEST_MATRIX and native.sums_by_product()

    def _product(self, x: Tensor, matrix: Tensor) -> Tensor:
        """Each group times a square matrix; what is not finite in one group stays in it."""
        return ops.reshape(ops.reshape(x, (-1, self.size(x))) @ matrix, ops.shape(x))

    def _parted(self, x: Tensor) -> Tensor:
        shape = ops.shape(x)
        before, after = shape[: self.axis], shape[self.axis + 1 :]
        return ops.reshape(x, (*before, self.number, self.size(x), *after))

    def _laid_out(self, x: Tensor, values: Tensor) -> Tensor:
        """One value a group, in the shape of `x`."""
        return ops.reshape(ops.broadcast_to(values, ops.shape(self._parted(x))), ops.shape(x))
