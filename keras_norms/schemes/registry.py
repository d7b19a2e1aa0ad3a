"""All normalizers by name."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms import layers, weights
from keras_norms.schemes.absorbing import proxied, thresholded
from keras_norms.schemes.binding import bind, require_known
from keras_norms.schemes.part import (
    Layers,
    Part,
    after_activation,
    around_kernel,
    before_activation,
    instead_of_activation,
)
from keras_norms.schemes.spec import Spec, Term
from keras_norms.schemes.unit import activation_layers, channel_axis


def _layer_over_the_example(
    linear: keras.layers.Layer, activation: Any, **arguments: Any
) -> Layers:
    """Layer normalization as its paper means it: one mean and variance for a whole layer.

    On a convolution that is every value of the example, with gamma and beta a channel, which is
    group normalization with one group. An explicit `axis` is taken at its word.
    """
    if "axis" in arguments or not hasattr(linear, "data_format"):
        normalizer = layers.LayerNormalization(**arguments)
    else:
        arguments.pop("rms_scaling", None)
        normalizer = layers.GroupNormalization(groups=1, axis=channel_axis(linear), **arguments)
    return [normalizer, *activation_layers(activation)]


def _within_cross_iteration(linear: keras.layers.Layer, **arguments: Any) -> keras.layers.Layer:
    """Cross-iteration normalization needs the kernel, and its beta takes the bias's place."""
    if not linear.built and getattr(linear, "use_bias", False):
        linear = type(linear).from_config({**linear.get_config(), "use_bias": False})
    return layers.CrossIterationBatchNormalization(linear, **arguments)


def _usual(kind: type[keras.layers.Layer], paper: str) -> Part:
    return Part(kind, paper, follow=before_activation(kind))


def _absorbing(kind: type[keras.layers.Layer], paper: str) -> Part:
    return Part(kind, paper, follow=instead_of_activation(kind))


def _around(kind: type[keras.layers.Layer], paper: str) -> Part:
    return Part(kind, paper, wrap=around_kernel(kind))


REGISTRY: dict[str, Part] = {
    # Statistics of the batch, remembered for inference.
    "batch": _usual(layers.BatchNormalization, "Ioffe & Szegedy 2015"),
    "batch_group": _usual(layers.BatchGroupNormalization, "Zhou et al. 2020"),
    "cross_iteration": Part(
        layers.CrossIterationBatchNormalization, "Yao et al. 2021", wrap=_within_cross_iteration
    ),
    "evonorm_b0": _absorbing(layers.EvoNormB0, "Liu et al. 2020"),
    "evonorm_b1": _absorbing(layers.EvoNormB1, "Liu et al. 2020"),
    "evonorm_b2": _absorbing(layers.EvoNormB2, "Liu et al. 2020"),
    "ghost": _usual(layers.GhostBatchNormalization, "Hoffer et al. 2017"),
    "instance_enhancement": _usual(
        layers.InstanceEnhancementBatchNormalization, "Liang et al. 2020"
    ),
    "lp": _usual(layers.LpNormalization, "Santurkar et al. 2018"),
    "mean_only": _usual(layers.MeanOnlyBatchNormalization, "Salimans & Kingma 2016"),
    "renorm": _usual(layers.BatchRenormalization, "Ioffe 2017"),
    "switchable": _usual(layers.SwitchableNormalization, "Luo et al. 2019"),
    "variance": _usual(layers.VarianceNormalization, "Daneshmand et al. 2020"),
    # Each example alone.
    "dynamic_tanh": _usual(layers.DynamicTanh, "Zhu et al. 2025"),
    "evonorm_s0": _absorbing(layers.EvoNormS0, "Liu et al. 2020"),
    "evonorm_s1": _absorbing(layers.EvoNormS1, "Liu et al. 2020"),
    "filter_response": Part(
        layers.FilterResponseNormalization, "Singh & Krishnan 2020", follow=thresholded
    ),
    "global_response": Part(
        layers.GlobalResponseNormalization,
        "Woo et al. 2023",
        follow=after_activation(layers.GlobalResponseNormalization),
    ),
    "group": _usual(layers.GroupNormalization, "Wu & He 2018"),
    "instance": _usual(layers.InstanceNormalization, "Ulyanov et al. 2016"),
    "layer": Part(layers.LayerNormalization, "Ba et al. 2016", follow=_layer_over_the_example),
    "poly": _absorbing(layers.PolyNormalization, "Zhuo et al. 2024"),
    "proxy": Part(layers.ProxyNormalization, "Labatie et al. 2021", follow=proxied, around="layer"),
    "rms": _usual(layers.RMSNormalization, "Zhang & Sennrich 2019"),
    "simple": _usual(layers.SimpleNormalization, "timm, no paper"),
    "unit": _usual(layers.UnitNormalization, "Blue 1978"),
    # Weights.
    "spectral": _around(weights.SpectralNormalization, "Miyato et al. 2018"),
    "sws": _around(weights.ScaledWeightStandardization, "Brock et al. 2021"),
    "weight": _around(weights.WeightNormalization, "Salimans & Kingma 2016"),
    "ws": _around(weights.WeightStandardization, "Qiao et al. 2019"),
}


def names() -> list[str]:
    """Names of all schemes, among them `"none"`."""
    return sorted([*REGISTRY, "none"])


def normalizer_class(name: str) -> type[keras.layers.Layer] | None:
    """The layer class behind a name; None for `"none"`."""
    return None if name == "none" else REGISTRY[name].kind


def bound(spec: Spec) -> Spec:
    """The spec with every name and argument checked, and first arguments called by their keys.

    Raises:
        ValueError: an unknown name or argument, with the nearest valid ones.
    """
    return Spec(_bound(term, str(spec)) for term in spec)


def _bound(term: Term, spec: str) -> Term:
    require_known("name", term.name, names(), spec)
    part = REGISTRY.get(term.name)
    if term.inner is not None and not (part and part.around):
        raise ValueError(
            f"Argument `spec`={spec!r}: {term.name!r} takes no parenthesis. Write its arguments "
            f"behind a colon, as in 'group:8'. Received: {str(term)!r}"
        )
    inner = None if term.inner is None else bound(term.inner)
    return bind(Term(term.name, term.arguments, inner), part.arguments if part else ())
