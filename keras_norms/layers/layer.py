"""Layer Normalization (Ba, Kiros & Hinton 2016)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Unpack

import keras

from keras_norms.kernels import affine, moments, normalize
from keras_norms.kernels.statistics import deviations
from keras_norms.layers.base import AffineNormalization, LayerOptions, Tensor
from keras_norms.layers.group import GroupNormalization
from keras_norms.layers.masks import hide
from keras_norms.layers.placement import Layers, activation_layers, channel_axis
from keras_norms.layers.registration import normalizer
from keras_norms.layers.zero_centered import less_one, plus_one


def over_the_example(kind: type, linear: Any, activation: Any, **arguments: Any) -> Layers:
    """Layer normalization as its paper means it: one mean and variance for a whole layer.

    On a convolution that is every value of the example, with gamma and beta a channel, which is
    group normalization with one group. An explicit `axis` is taken at its word.
    """
    if "axis" in arguments or not hasattr(linear, "data_format"):
        return [kind(**arguments), *activation_layers(activation)]
    arguments.pop("rms_scaling", None)
    if arguments.pop("zero_centered", False):
        raise ValueError(
            "Argument `zero_centered`=True does not go with a convolution, on which layer "
            "normalization is over the whole example, by GroupNormalization(groups=1), which does "
            "not have it. Give an `axis`, such as axis=-1 for each pixel alone."
        )
    over = GroupNormalization(groups=1, axis=channel_axis(linear), **arguments)
    return [over, *activation_layers(activation)]


@normalizer("layer", paper="Ba et al. 2016", also=("ln",), follow=over_the_example)
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
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint: of beta and gamma.
        rms_scaling: `y = gamma * x / sqrt(var + epsilon)`, with a gamma and no beta whatever
            `scale` and `center` say: what Keras has under this name, deprecated there.
        zero_centered: whether gamma is stored as its difference from one: the scale is
            `1 + gamma`, so that weight decay draws it to one and half precision stores it finer.
            `gamma_initializer` says what the scale is; constraint and regularizer are of the
            stored weight.
        **options: name, dtype, trainable.

    Call arguments:
        inputs: tensor of any rank.
        training: without effect.
        mask: true where values are visible. It matters only where it varies along `axis`: a mask
            over time leaves statistics over features as they are.

    Reference: Ba et al. 2016, arXiv 1607.06450, equations 3 and 4.
    """

    any_rank = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        rms_scaling: bool = False,
        zero_centered: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **options,
        )
        self.rms_scaling = bool(rms_scaling)
        self.zero_centered = bool(zero_centered)
        if rms_scaling:
            warnings.warn(
                f"Argument `rms_scaling`=True of {self.name!r} divides by the deviation and not by "
                "the root mean square, as Keras's does, where it is deprecated. For that use "
                "RMSNormalization.",
                stacklevel=2,
            )

    def add_affine(
        self, name: str, shape: tuple[int, ...], initializer: Any = None
    ) -> keras.Variable:
        if name == "gamma" and self.zero_centered:
            initializer = less_one(self.gamma_initializer)
        return super().add_affine(name, shape, initializer)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        if self.rms_scaling:
            self.gamma = self.add_affine("gamma", shape)
        else:
            super().build_weights(shape)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        axes = self.layout_of(x).kept
        x, visible = hide(x, mask, axes)
        gamma = plus_one(self.along_axis(self.gamma, x), self.zero_centered)
        if self.rms_scaling:
            spread = deviations(moments(x, axes, visible))
            y = affine(x, spread, gamma, None, self.epsilon)
            return self.in_output_precision(y)
        y = normalize(
            x,
            axes,
            gamma,
            self.along_axis(self.beta, x),
            epsilon=self.epsilon,
            visible=visible,
        )
        return self.in_output_precision(y)
