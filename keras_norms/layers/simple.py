"""Simple Normalization: the deviation divides, the mean stays (Wightman, timm)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_norms.kernels import affine, at_least, moments
from keras_norms.kernels.statistics import deviations
from keras_norms.layers.base import Normalization, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.registration import normalizer


@normalizer("simple", paper="timm, no paper")
@keras.saving.register_keras_serializable(package="keras_norms")
class SimpleNormalization(Normalization):
    """Divides each position of each example by the standard deviation of its features.

        y = scale * x / sqrt(var + epsilon)

    with the variance over `axis`, taken around the mean, though the mean is not subtracted from
    the inputs, and `scale` of the shape of `axis`. It is layer normalization without centring and
    without a bias; on features of mean zero nearly `RMSNormalization`. The variance is that of a
    sample, over n - 1, as `torch.var` has it by default. Training and inference are the same.

    Inputs whose features differ little are enlarged without bound but `epsilon`: a single feature
    or a constant comes out as `x / sqrt(epsilon)`, which in float16 overflows from 65 on.

    Args:
        axis: the feature axis, or several.
        epsilon: added to the variance; 1e-6 as in timm.
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor of any rank.
        training: without effect.
        mask: true where values are visible; matters only where it varies along `axis`.

    Reference: `SimpleNorm` of timm, https://github.com/huggingface/pytorch-image-models
    (timm/layers/norm.py, fast_norm.py). There is no paper: it is what timm's RmsNorm computed by
    mistake until issue 2380 of 2024, and what timm keeps under this name.
    """

    any_rank = True

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **options: Any
    ) -> None:
        super().__init__(axis, epsilon, **options)
        self.scale = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", autocast=False)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self.layout_of(x).kept
        x, visible = hide(x, mask, axes)
        known = moments(x, axes, visible)
        sample = known.variance * (at_least(known.count, 1) / at_least(known.count - 1, 1))
        spread = deviations(known._replace(variance=sample))
        y = affine(x, spread, self.along_axis(self.scale, x), None, self.epsilon)
        return self.in_output_precision(y)
