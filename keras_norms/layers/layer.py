"""Layer Normalization (Ba, Kiros & Hinton 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_norms.kernels import normalize
from keras_norms.layers.base import AffineNormalization, AffineOptions, Tensor
from keras_norms.layers.group import GroupNormalization
from keras_norms.layers.masks import hide
from keras_norms.layers.placement import Layers, activation_layers, channel_axis
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import positive_axes


def over_the_example(kind: type, linear: Any, activation: Any, **arguments: Any) -> Layers:
    """Layer normalization as its paper means it: one mean and variance for a whole layer.

    On a convolution that is every value of the example, with gamma and beta a channel, which is
    group normalization with one group. An explicit `axis` is taken at its word.
    """
    if "axis" in arguments or not hasattr(linear, "data_format"):
        return [kind(**arguments), *activation_layers(activation)]
    arguments.pop("rms_scaling", None)
    over = GroupNormalization(groups=1, axis=channel_axis(linear), **arguments)
    return [over, *activation_layers(activation)]


@normalizer("layer", paper="Ba et al. 2016", follow=over_the_example)
@keras.saving.register_keras_serializable(package="keras_norms")
class LayerNormalization(AffineNormalization):
    """Normalizes each position of each example by mean and variance over its features.

        y = gamma * (x - mean) / sqrt(var + epsilon) + beta

    with mean and variance over `axis`, and gamma and beta of the shape of `axis`. Training and
    inference are the same. On images `axis=-1` normalizes each pixel over its channels; the
    papers on convolutional nets mean all of an example, which is
    `GroupNormalization(groups=1)`, and what the scheme "layer" attaches to a convolution.

    Takes the place of `keras.layers.LayerNormalization`: same arguments, weights and order.

    Args:
        axis: the feature axis, or several.
        epsilon: added to the variance. The paper's formula has none; 1e-3 as in Keras.
        center: whether there is a beta.
        scale: whether there is a gamma.
        rms_scaling: only False, as Keras deprecated it; use `RMSNormalization`.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank.
        training: without effect.
        mask: true where values are visible. It matters only where it varies along `axis`: a mask
            over time leaves statistics over features as they are.

    Reference: Ba et al. 2016, arXiv 1607.06450, equations 3 and 4.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        *,
        rms_scaling: bool = False,
        **options: Unpack[AffineOptions],
    ) -> None:
        if rms_scaling:
            raise ValueError(
                f"Argument `rms_scaling`={rms_scaling!r} is not supported: use "
                "keras_norms.layers.RMSNormalization."
            )
        super().__init__(axis, epsilon, center, scale, **options)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = positive_axes(self.axis, x.shape)
        x, visible = hide(x, mask, axes[-1], axes)
        y = normalize(
            x,
            axes,
            self.along_axis(self.gamma, x),
            self.along_axis(self.beta, x),
            epsilon=self.epsilon,
            visible=visible,
        )
        return self.in_output_precision(y)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rms_scaling": False}
