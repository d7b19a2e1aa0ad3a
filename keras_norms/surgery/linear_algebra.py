"""The algebra of a linear layer: what an affine map before or after it makes of its weights."""

from __future__ import annotations

import keras
import numpy as np

from keras_norms.anatomy.linear import DEPTHWISE, SEPARABLE, TRANSPOSED, array
from keras_norms.surgery.copying import built_copy
from keras_norms.surgery.state import copied_state
from keras_norms.weights.base import Reparameterization
from keras_norms.weights.kernels import kernels_of


class Linear:
    """The weights of a linear layer in float64, on their way into a new layer.

    With K the kernels and c the bias, all of the layer before its activation:

        after:   a * (K x + c) + b   =  (a K) x + (a c + b)       a, b per output channel
        before:  K (a x + b) + c     =  (K a) x + (K b + c)       a, b per input channel

    The second is exact only where the layer sees no padding, whose zeros are not `b`; see
    `takes_shift`. A weight reparameterization is baked in first.
    """

    def __init__(self, layer: keras.layers.Layer) -> None:
        plain = layer.strip() if isinstance(layer, Reparameterization) else layer
        self.name = layer.name
        self.layer = plain
        self.kernels = {name: array(kernel) for name, kernel in kernels_of(plain).items()}
        self.bias = np.float64(0.0) if plain.bias is None else array(plain.bias)
        self.changed = False
        self.activation = getattr(plain, "activation", None)

    @property
    def is_bare(self) -> bool:
        """Whether nothing that is not linear follows inside the layer itself."""
        return self.activation in (None, keras.activations.linear)

    @property
    def takes_shift(self) -> bool:
        """Whether every output sees all of the kernel on real inputs, none on padding."""
        if isinstance(self.layer, keras.layers.Dense):
            return True
        if isinstance(self.layer, TRANSPOSED):
            return False
        return self.layer.padding == "valid" or set(self.layer.kernel_size) == {1}

    def then(self, scale: np.ndarray, shift: np.ndarray) -> None:
        """Take in `scale * y + shift` after the layer."""
        self.changed = True
        name = list(self.kernels)[-1]  # the pointwise one of two
        kernel = self.kernels[name]
        if isinstance(self.layer, TRANSPOSED):
            kernel = kernel * scale[:, None]
        elif isinstance(self.layer, DEPTHWISE):
            kernel = kernel * scale.reshape(kernel.shape[-2:])
        else:
            kernel = kernel * scale
        self.kernels[name] = kernel
        self.bias = self.bias * scale + shift

    def after(self, scale: np.ndarray, shift: np.ndarray) -> None:
        """Take in `scale * x + shift` before the layer; `shift` is zero unless `takes_shift`."""
        self.changed = True
        name, kernel = next(iter(self.kernels.items()))  # the depthwise one of two
        if isinstance(self.layer, TRANSPOSED):
            self.kernels[name] = kernel * scale
            return
        if isinstance(self.layer, (*DEPTHWISE, *SEPARABLE)):
            scale, shift = scale[:, None], shift[:, None]
            added = _over_space(kernel * shift).reshape(-1)
            if "pointwise_kernel" in self.kernels:
                added = added @ self.kernels["pointwise_kernel"].reshape(added.size, -1)
        else:
            scale, shift = (_per_filter(v, kernel.shape) for v in (scale, shift))
            added = _over_space(kernel * shift).sum(axis=0)
        self.kernels[name] = kernel * scale
        self.bias = self.bias + added

    def made(self) -> keras.layers.Layer:
        """A new layer of these weights, with a bias."""
        new = built_copy(self.layer, name=self.name, use_bias=True)
        for name, value in self.kernels.items():
            variable = getattr(new, name)
            variable.assign(value.astype(_dtype(variable)))
        new.bias.assign(np.broadcast_to(self.bias, new.bias.shape).astype(_dtype(new.bias)))
        for name in (*self.kernels, "bias"):
            before, after = getattr(self.layer, name), getattr(new, name)
            if before is not None and before.trainable != after.trainable:
                after.trainable = before.trainable
        return new


def stripped(linear: keras.layers.Layer) -> keras.layers.Layer:
    """The layer, or what a weight reparameterization wraps with its effective kernel, renamed."""
    if not isinstance(linear, Reparameterization):
        return linear
    plain = linear.strip()
    renamed = built_copy(plain, name=linear.name)
    copied_state(plain, renamed)
    return renamed


def _dtype(variable: keras.Variable) -> str:
    # NumPy has no bfloat16; the assignment rounds.
    return "float32" if variable.dtype == "bfloat16" else variable.dtype


def _over_space(kernel: np.ndarray) -> np.ndarray:
    return kernel.sum(axis=tuple(range(kernel.ndim - 2)))


def _per_filter(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Values per input channel as a kernel of the given shape meets them, group by group."""
    inputs, filters = shape[-2:]
    groups = values.size // inputs
    return np.repeat(values.reshape(groups, inputs).T, filters // groups, axis=1)
