"""Proxy normalization of activations (Labatie, Masters, Eaton-Rosen & Luschi 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Unpack

import keras
from keras import activations, ops

from keras_norms.kernels import affine, moments
from keras_norms.layers.base import AffineNormalization, AffineOptions, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.placement import Layers, on_channels
from keras_norms.layers.registration import REGISTRY, normalizer
from keras_norms.layers.validation import checked_count


def proxied(
    kind: type, linear: Any, activation: Any, inner: Sequence[Any] = (), **arguments: Any
) -> Layers:
    """The inner normalizer without gamma and beta, then the activation with its proxy.

    Args:
        inner: the terms of the spec in parentheses.

    Raises:
        ValueError: no inner normalizer, or one that depends on the batch, absorbs the activation
            or reparameterizes weights.
    """
    entry = REGISTRY.get(inner[0].name) if len(inner) == 1 else None
    if (
        entry is None
        or entry.follow is None
        or getattr(entry.kind, "batch_dependent", False)
        or getattr(entry.kind, "absorbs_activation", False)
    ):
        raise ValueError(
            "'proxy' takes one normalizer in parentheses that does not depend on the batch and "
            f"leaves the activation alone, as in 'proxy(group:8)'. Received: 'proxy({inner or ''})'"
        )
    # The scale and shift come with the activation, which applies them to its proxy as well.
    plain = {"center": False, "scale": False}
    plain = plain if issubclass(entry.kind, AffineNormalization) else {}
    before = entry.follow(linear, None, **{**plain, **inner[0].arguments})
    return [*before, on_channels(kind, linear, activation=activation, **arguments)]


@normalizer("proxy", paper="Labatie et al. 2021", also=("pn",), follow=proxied, around="layer")
@keras.saving.register_keras_serializable(package="keras_norms")
class ProxyNormalization(AffineNormalization):
    """An activation that is normalized as a Gaussian in place of its input would need it.

    The step after a batch-independent normalizer without gamma and beta, whose output is y:

        z = (phi(gamma * y + beta) - mean) / sqrt(var + epsilon)
        mean, var = moments of phi(gamma * Y + beta),  Y ~ N(proxy_beta, (1 + proxy_gamma)^2)

    with gamma, beta, proxy_gamma and proxy_beta per channel, and the moments over the proxy Y
    alone: no statistic of the inputs is taken, each value is treated by itself, and training and
    inference are the same. The output is centred and scaled a channel at a time, as batch
    normalization would do it, as far as y resembles its proxy.

    The moments are those of fixed quantiles, `Y_i = proxy_beta + (1 + proxy_gamma) * q_i` with
    `q_i` the normal quantile of `(i + 1/2) / samples`: symmetric, so their mean is exactly zero.
    The gradient flows through them. proxy_gamma and proxy_beta start at zero, a standard normal
    proxy; `proxy_regularizer` keeps them near it. The package `proxynorm`, which is not by the
    authors, has neither of the two, and quantiles that are not centred.

    The scheme "proxy(group:8)" puts the inner normalizer before this layer, without its own
    gamma and beta.

    With the normalizer before it this is two normalizations and an activation: about 4 times batch
    normalization in TensorFlow's plain graph, 13 times on a CPU under XLA, whose reductions are
    slow.

    Args:
        activation: phi, by name or as a function that acts on each value alone.
        axis: the channel axis, or several.
        epsilon: added to the variance; 0.03 as in the paper.
        center: whether there is a beta.
        scale: whether there is a gamma.
        samples: how many quantiles stand for the Gaussian.
        proxy_regularizer: of proxy_gamma and proxy_beta.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor of any rank of at least 1, normalized already.
        training: without effect.
        mask: true where values are visible; hidden ones spoil no gradient, even if not finite.

    Raises:
        ValueError: `activation` is a layer; `samples` below 2.

    Reference: Labatie et al. 2021, arXiv 2106.03743 (PN-Act).
    """

    absorbs_activation = True
    any_rank = True

    def __init__(
        self,
        activation: Any = "relu",
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.03,
        center: bool = True,
        scale: bool = True,
        *,
        samples: int = 200,
        proxy_regularizer: Any = None,
        **options: Unpack[AffineOptions],
    ) -> None:
        if isinstance(activation, keras.layers.Layer):
            raise ValueError(
                f"Argument `activation` is the layer {activation.name!r}, which cannot be applied "
                "to the proxy as well. Pass the name of an activation or a function."
            )
        samples = checked_count("samples", samples)
        if samples < 2:
            raise ValueError(
                f"Argument `samples` must be at least 2, for a variance. Received: {samples}"
            )
        activation = activations.get(activation)
        super().__init__(axis, epsilon, center, scale, **options)
        self.activation = activation
        self.samples = samples
        self._quantiles = tuple(NormalDist().inv_cdf((i + 0.5) / samples) for i in range(samples))
        self.proxy_regularizer = keras.regularizers.get(proxy_regularizer)
        self.proxy_gamma = None
        self.proxy_beta = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        for name in ("proxy_gamma", "proxy_beta"):
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer="zeros",
                regularizer=self.proxy_regularizer,
                autocast=False,
            )
            setattr(self, name, weight)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        x = self.in_full_precision(inputs)
        x, _ = hide(x, mask, reduced=())
        # The quantiles lie along a new leading axis, beside one example of one position.
        quantiles = ops.convert_to_tensor(self._quantiles, dtype=x.dtype)
        quantiles = ops.reshape(quantiles, (self.samples,) + (1,) * len(x.shape))
        deviation = 1 + self.along_axis(self.proxy_gamma, x)
        proxy = self.along_axis(self.proxy_beta, x) + deviation * quantiles
        proxy = moments(self.activation(self.scale_and_shift(proxy, x)), (0,))
        shift, offset, variance = (ops.squeeze(s, axis=0) for s in proxy[:3])
        proxy = proxy._replace(shift=shift, offset=offset, variance=variance)
        activated = self.activation(self.scale_and_shift(x, x))
        return self.in_output_precision(affine(activated, proxy, None, None, self.epsilon))
