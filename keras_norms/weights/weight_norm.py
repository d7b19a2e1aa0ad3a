"""Weight Normalization (Salimans & Kingma 2016)."""

from __future__ import annotations

from typing import Any

import keras
from keras import initializers, ops

from keras_norms.kernels import at_least
from keras_norms.layers.placement import around_kernel
from keras_norms.layers.registration import normalizer
from keras_norms.weights.base import Reparameterization, Tensor
from keras_norms.weights.data_initialization import DataInitialized
from keras_norms.weights.kernels import KERNELS


@normalizer("weight", paper="Salimans & Kingma 2016", also=("wn",), wrap=around_kernel)
@keras.saving.register_keras_serializable(package="keras_norms")
class WeightNormalization(DataInitialized, Reparameterization):
    """Computes with kernels whose filters have a learned norm and a learned direction.

        effective = g * v / ||v||

    `v` is the trained kernel, `||v||` the Euclidean norm of each filter over its fan-in, and `g`,
    the gain, one learned number a filter. Training and inference are the same, and no example's
    output depends on the others. The gradient of `v` is orthogonal to `v`, so under plain gradient
    descent `||v||` never shrinks.

    The paper starts from data: `initialize_from_data(model, batch)` sets gains and biases so that
    every output has mean 0 and variance 1 over that batch, layer by layer. Until that is done,
    `g = ||v||`, so that wrapping changes nothing.

    A filter of zeros, which has no direction, stays zero. Depthwise filters have spatial axes
    alone.

    Of a recurrent layer (SimpleRNN, GRU, LSTM) it is the recurrent kernel that is normalized, as
    TensorFlow Addons has it.

    Args:
        layer: see `Reparameterization`, or a recurrent layer.
        gain_initializer: of `g`; None for `||v||`.

    Reference: Salimans & Kingma 2016, arXiv 1602.07868, equations 2, 3 and Section 3.
    """

    names = (*KERNELS, "recurrent_kernel")

    def __init__(
        self, layer: keras.layers.Layer, gain_initializer: Any = None, **options: Any
    ) -> None:
        super().__init__(layer, **options)
        self.gain_initializer = initializers.get(gain_initializer)

    @property
    def gains(self) -> dict[str, keras.Variable]:
        """`g`, by the attribute of the kernel."""
        return self.own("gain")

    def build_kernel(self, name: str, kernel: keras.Variable) -> None:
        def norms(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            return ops.cast(ops.reshape(self.norm(name, self.trained(name)), shape), dtype)

        gain = self.add_weight(
            name=self.own_name(name, "gain"),
            shape=self.filters_shape(name),
            initializer=norms if self.gain_initializer is None else self.gain_initializer,
            autocast=False,
        )
        setattr(self, self.own_name(name, "gain"), gain)

    def norm(self, name: str, kernel: Tensor) -> Tensor:
        """The Euclidean norm of each filter, of the rank of `kernel`; never zero."""
        square = ops.sum(ops.square(kernel), axis=self.filter_axes(name), keepdims=True)
        return ops.sqrt(at_least(square, 1e-30))

    def effective(self, name: str, kernel: Tensor, training: bool) -> Tensor:
        gain = self.along_filters(self.gains[name], name, kernel)
        return kernel * (gain / self.norm(name, kernel))

    def get_config(self) -> dict[str, Any]:
        serialized = self.gain_initializer and initializers.serialize(self.gain_initializer)
        return {**super().get_config(), "gain_initializer": serialized}
