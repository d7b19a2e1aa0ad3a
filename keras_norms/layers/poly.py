"""Polynomial normalization (Zhuo, Wang, Zeng, Li, Zhou & Ma 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_norms.kernels import affine, native
from keras_norms.kernels.moments import mean_square
from keras_norms.layers.base import Normalization, Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.placement import instead_of_activation
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import constant_or_initializer, positive_axes

# What the powers of the features are scaled to: sixth powers stay within float32.
SMALLEST, LARGEST_HIDDEN = 1e-6, 1e5


@normalizer("poly", paper="Zhuo et al. 2024", follow=instead_of_activation)
@keras.saving.register_keras_serializable(package="keras_norms")
class PolyNormalization(Normalization):
    """A cubic whose every power is normalized by its own root mean square: PolyNorm.

        y = weight[0] * norm(x^3) + weight[1] * norm(x^2) + weight[2] * norm(x) + bias
        norm(u) = u / sqrt(mean(u^2) + epsilon)

    with the mean over `axis`, at each position of each example; three weights and one bias serve
    all features. It is an activation and a normalizer in one, meant for the place of the
    activation in a transformer's feed-forward part. Training and inference are the same.

    Computed from `x / max(|x|)`, with epsilon scaled alike, which changes no result: so no sixth
    power overflows, and all finite float32 inputs are allowed, from any half precision as well.
    Below a largest value of 1e-6 the cube of float32 inputs vanishes, as it does beside epsilon.

    Costs about 6 times batch normalization in TensorFlow's plain graph, where that is one fused
    operation and here three powers are normalized one by one; 2.5 times under XLA on a CPU.

    Args:
        axis: the feature axis, or several; its size may be undefined.
        epsilon: added to the mean square of each power.
        weight_initializer: of the three weights, cube first; an initializer or a number. 1/3 as
            in the authors' code.
        bias_initializer: of the bias; zero as in the authors' code, while Liger-Kernel, which has
            the same formula, starts it at 1.
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor of any rank of at least 1.
        training: without effect.
        mask: true where values are visible; matters only where it varies along `axis`.

    Reference: Zhuo et al. 2024, arXiv 2411.03884 (PolyNorm of order 3), in the form of its code,
    https://github.com/BryceZhuo/PolyCom.
    """

    absorbs_activation = True
    any_rank = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-6,
        *,
        weight_initializer: Any = 1 / 3,
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(axis, epsilon, **options)
        self.weight_initializer = constant_or_initializer(weight_initializer)
        self.bias_initializer = constant_or_initializer(bias_initializer)
        self.weight = None
        self.bias = None

    def build(self, input_shape: Shape) -> None:
        positive_axes(self.axis, input_shape)
        self.weight = self.add_weight(
            name="weight", shape=(3,), initializer=self.weight_initializer, autocast=False
        )
        self.bias = self.add_weight(
            name="bias", shape=(), initializer=self.bias_initializer, autocast=False
        )

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self.layout_of(x).kept
        x, visible = hide(x, mask, axes)
        # The result does not depend on the scale, so neither does its gradient.
        seen = ops.stop_gradient(x if visible is None else ops.where(visible, x, 0))
        scale = native.largest(ops.abs(seen), axes)
        scale = ops.where(scale < SMALLEST, SMALLEST, scale)
        # Within this limit the reciprocal is a normal number; XLA may multiply by it.
        limit = 1e300 if keras.backend.standardize_dtype(x.dtype) == "float64" else 1e36
        scale = ops.where(scale > limit, limit, scale)
        z = x / scale
        if visible is not None:
            z = ops.where(visible, z, ops.clip(z, -LARGEST_HIDDEN, LARGEST_HIDDEN))
        weight = ops.cast(ops.convert_to_tensor(self.weight), x.dtype)
        y = ops.cast(ops.convert_to_tensor(self.bias), x.dtype)
        for place, power in enumerate((z * z * z, z * z, z)):
            epsilon = self.epsilon / scale ** (6 - 2 * place)
            y = y + affine(power, mean_square(power, axes, visible), weight[place], None, epsilon)
        return self.in_output_precision(y)
