"""Spectral Normalization (Miyato et al. 2018)."""

from __future__ import annotations

import math
import numbers
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_norms.kernels import at_least
from keras_norms.layers.placement import around_kernel
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import checked_count
from keras_norms.weights.base import Reparameterization, Tensor
from keras_norms.weights.kernels import KERNELS

# The iterations that a fresh layer starts from.
AT_THE_START = 50


@normalizer("spectral", paper="Miyato et al. 2018", wrap=around_kernel)
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

    Takes the place of `keras.layers.SpectralNormalization`, with its weights and files, and differs
    in three ways. That layer overwrites the trained kernel at each call in training, and uses it as
    it stands at inference, also where it was never trained, and after `fit` on JAX, which does not
    keep what a call in training assigns to a trained weight; here inference normalizes too, on
    every backend, and the kernel is left to the optimizer. So weights that Keras's layer has not
    normalized give other outputs here, by the factor sigma: what it would compute with is its
    `layer`, and what this one computes with is that of `strip()`.
    Masks pass. And a kernel is the paper's matrix, filters by fan-in, also of a transposed
    convolution or an `EinsumDense`, where Keras's is all axes by the last one; a depthwise kernel
    has a row for each channel. Where these matrices differ, so do sizes of `u`.

    Where this differs from Algorithm 1: there sigma takes the `v` from before the last update of
    `u`, here the one that follows from `u`.

    Args:
        layer: see `Reparameterization`, or an Embedding.
        power_iterations: steps of the power iteration after each change of the kernel.

    Raises:
        ValueError: `power_iterations` is no positive int.

    Reference: Miyato et al. 2018, arXiv 1802.05957, Algorithm 1.
    """

    names = (*KERNELS, "embeddings")

    def __init__(
        self, layer: keras.layers.Layer, power_iterations: int = 1, **options: Any
    ) -> None:
        if isinstance(power_iterations, numbers.Real) and power_iterations <= 0:
            raise ValueError(
                "Argument `power_iterations` should be greater than zero. "
                f"Received: power_iterations={power_iterations!r}"
            )
        power_iterations = checked_count("power_iterations", power_iterations)
        super().__init__(layer, **options)
        self.power_iterations = power_iterations

    @property
    def vectors(self) -> dict[str, keras.Variable]:
        """`u`, of the shape (1, filters), by the attribute of the kernel."""
        return self.own("vector_u")

    def build_kernel(self, name: str, kernel: keras.Variable) -> None:
        def first_vector(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            matrix = self.matrix(name, self.trained(name))
            start = ops.cast(keras.random.normal(shape[1:], seed=1), matrix.dtype)
            found = _iterate(matrix, _unit(start), AT_THE_START)
            return ops.cast(ops.reshape(found, shape), dtype)

        def first_print(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            return ops.cast(_fingerprint(self.trained(name)), dtype)

        # As in Keras's layer the kernel is a weight of the wrapper too, and comes first.
        setattr(self, self.own_name(name, "trained_kernel"), kernel)
        filters = math.prod(self.filters_shape(name))
        for what, shape, initializer in (
            ("vector_u", (1, filters), first_vector),
            ("fingerprint", (), first_print),
        ):
            variable = self.add_weight(
                name=self.own_name(name, what),
                shape=shape,
                initializer=initializer,
                dtype="float64" if self.variable_dtype == "float64" else "float32",
                trainable=False,
                autocast=False,
            )
            setattr(self, self.own_name(name, what), variable)

    @property
    def weights(self) -> list[keras.Variable]:
        """All but the fingerprints, which belong to a run and not to a file."""
        return [w for w in super().weights if not w.name.endswith("fingerprint")]

    def save_own_variables(self, store: Any) -> None:
        for index, variable in enumerate(self._in_files()):
            store[str(index)] = variable

    def load_own_variables(self, store: Any) -> None:
        variables = self._in_files()
        if len(store.keys()) != len(variables):
            raise ValueError(
                f"Layer {self.name!r} has {len(variables)} variables of its own, and the file "
                f"{len(store.keys())}: {', '.join(store.keys())}."
            )
        # In a file of 0.1.0 `u` is a row, its fingerprint is next, and the kernel is elsewhere.
        if variables and len(store["0"].shape) == 1:
            for number, vector in enumerate(self.vectors.values()):
                vector.assign(np.reshape(store[str(2 * number)], (1, -1)))
            return
        for index, variable in enumerate(variables):
            variable.assign(store[str(index)])

    def _in_files(self) -> list[keras.Variable]:
        inner = {id(w) for w in self.layer.weights} - {id(k) for k in self.kernels().values()}
        return [w for w in self.weights if id(w) not in inner]

    def matrix(self, name: str, kernel: Tensor) -> Tensor:
        """The kernel with a row for each filter."""
        axes = self.filter_axes(name)
        kept = [axis for axis in range(len(kernel.shape)) if axis not in axes]
        filters = math.prod(self.filters_shape(name))
        return ops.reshape(ops.transpose(kernel, [*kept, *axes]), (filters, -1))

    def effective(self, name: str, kernel: Tensor, training: bool) -> Tensor:
        matrix = self.matrix(name, kernel)
        constant = ops.stop_gradient(matrix)
        u = ops.reshape(ops.convert_to_tensor(self.vectors[name]), (-1,))
        if training and self.trainable:
            u = self._follow(name, ops.stop_gradient(kernel), constant, u)
        # Of length one but for a rounding, and of any length in a file of Keras's layer.
        u = _unit(u)
        v = _unit(ops.matmul(u, constant))
        sigma = ops.sum(u * ops.matmul(matrix, v))
        return kernel / ops.where(sigma > 0, sigma, 1)

    def _follow(self, name: str, kernel: Tensor, matrix: Tensor, u: Tensor) -> Tensor:
        """`u` after its iterations, where the kernel is not the one it has followed already."""
        fingerprint = self.own("fingerprint")[name]
        now, known = _fingerprint(kernel), ops.convert_to_tensor(fingerprint)
        u = ops.where(ops.equal(now, known), u, _iterate(matrix, u, self.power_iterations))
        self.vectors[name].assign(ops.reshape(u, (1, -1)))
        fingerprint.assign(now)
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
