"""Spectral Normalization (Miyato et al. 2018)."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_norms.kernels import at_least
from keras_norms.layers.validation import checked_count
from keras_norms.weights.base import Reparameterization, Tensor, in_full_precision

# The iterations that a fresh layer starts from.
AT_THE_START = 50


@keras.saving.register_keras_serializable(package="keras_norms")
class SpectralNormalization(Reparameterization):
    """Computes with kernels whose largest singular value is 1.

        effective = kernel / sigma,  sigma = u' W v

    `W` is the kernel as a matrix of filters by fan-in, `u` and `v` its first singular vectors,
    found by power iteration: `v = W' u / ||W' u||`, `u = W v / ||W v||`. `u` is remembered, `v`
    follows from it. Both are constants in the gradient, sigma is not (equations 9 to 12).

    Training takes `power_iterations` steps each time the kernel has changed, so the calls of one
    training step, as of a discriminator on real and generated examples, compute with the same
    kernel. Inference and `trainable=False` take none. A kernel of zeros stays as it is.

    Takes the place of `keras.layers.SpectralNormalization`, which overwrites the trained kernel at
    each call in training. A convolution's kernel is a matrix as in the paper; a depthwise one is a
    matrix like any other, with a row for each channel. Where this differs from Algorithm 1: there
    sigma takes the `v` from before the last update of `u`, here the one that follows from `u`.

    Args:
        layer: see `Reparameterization`.
        power_iterations: steps of the power iteration after each change of the kernel.

    Raises:
        ValueError: `power_iterations` is no positive int.

    Reference: Miyato et al. 2018, arXiv 1802.05957, Algorithm 1.
    """

    def __init__(
        self, layer: keras.layers.Layer, power_iterations: int = 1, **options: Any
    ) -> None:
        power_iterations = checked_count("power_iterations", power_iterations)
        super().__init__(layer, **options)
        self.power_iterations = power_iterations
        self.vectors: dict[str, keras.Variable] = {}
        self.prints: dict[str, keras.Variable] = {}

    def build_kernel(self, name: str, kernel: keras.Variable) -> None:
        def first_vector(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            matrix = self.matrix(name, in_full_precision(kernel))
            start = _unit(ops.cast(keras.random.normal(shape, seed=1), matrix.dtype))
            return ops.cast(_iterate(matrix, start, AT_THE_START), dtype)

        def first_print(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            return ops.cast(_fingerprint(in_full_precision(kernel)), dtype)

        dtype = "float64" if self.variable_dtype == "float64" else "float32"
        filters = math.prod(self.filters_shape(name))
        prefix = name.replace("kernel", "")
        for store, what, shape, initializer in (
            (self.vectors, "vector_u", (filters,), first_vector),
            (self.prints, "fingerprint", (), first_print),
        ):
            store[name] = self.add_weight(
                name=prefix + what,
                shape=shape,
                initializer=initializer,
                dtype=dtype,
                trainable=False,
                autocast=False,
            )

    def matrix(self, name: str, kernel: Tensor) -> Tensor:
        """The kernel with a row for each filter."""
        axes = self.filter_axes(name)
        kept = [axis for axis in range(len(kernel.shape)) if axis not in axes]
        filters = math.prod(self.filters_shape(name))
        return ops.reshape(ops.transpose(kernel, [*kept, *axes]), (filters, -1))

    def effective(self, name: str, kernel: Tensor, training: bool) -> Tensor:
        matrix = self.matrix(name, kernel)
        constant = ops.stop_gradient(matrix)
        u = ops.convert_to_tensor(self.vectors[name])
        if training and self.trainable:
            u = self._follow(name, ops.stop_gradient(kernel), constant, u)
        v = _unit(ops.matmul(u, constant))
        sigma = ops.sum(u * ops.matmul(matrix, v))
        return kernel / ops.where(sigma > 0, sigma, 1)

    def _follow(self, name: str, kernel: Tensor, matrix: Tensor, u: Tensor) -> Tensor:
        """`u` after its iterations, where the kernel is not the one it has followed already."""
        now, known = _fingerprint(kernel), ops.convert_to_tensor(self.prints[name])
        u = ops.where(ops.equal(now, known), u, _iterate(matrix, u, self.power_iterations))
        self.vectors[name].assign(u)
        self.prints[name].assign(now)
        return u

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _iterate(matrix: Tensor, u: Tensor, times: int) -> Tensor:
    for _ in range(times):
        new = _unit(ops.matmul(matrix, _unit(ops.matmul(u, matrix))))
        # A matrix of zeros has no singular vectors: keep what a later kernel can start from.
        u = ops.where(ops.any(new != 0), new, u)
    return u


def _unit(x: Tensor) -> Tensor:
    return x / at_least(ops.sqrt(ops.sum(ops.square(x))), 1e-30)


def _fingerprint(kernel: Tensor) -> Tensor:
    """One number that changes when the kernel does."""
    flat = ops.reshape(kernel, (-1,))
    return ops.sum(flat * ops.cos(ops.arange(flat.shape[0], dtype=flat.dtype)))
