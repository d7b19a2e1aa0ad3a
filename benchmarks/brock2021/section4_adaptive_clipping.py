"""Brock et al. 2021: adaptive gradient clipping, unit by unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

SHAPE, CLIPPING, LEAST = (3, 3, 4, 12), 0.0625, 0.0009765625  # exact in float32


def errors(seed: int) -> dict[str, float]:
    import keras

    from benchmarks.float64_layers import double
    from benchmarks.ioffe2015.steps import array
    from keras_norms.normfree import AdaptiveGradientClipping

    draw = np.random.default_rng(seed)
    weight, over = draw.normal(size=SHAPE), (0, 1, 2)
    weight[..., 0] = 0.0  # a unit of zeros, for which the least norm counts
    gradient = draw.normal(size=SHAPE) * np.logspace(-3, 1, SHAPE[-1])
    gradient[..., 0] = draw.normal(size=SHAPE[:3])
    with double():
        variable = keras.Variable(weight, dtype="float64")
        rule = AdaptiveGradientClipping("sgd", clipping=CLIPPING, epsilon=LEAST)
        got = array(rule.clip(keras.ops.convert_to_tensor(gradient), variable))
    norm = np.sqrt((gradient**2).sum(over))
    allowed = np.maximum(np.sqrt((weight**2).sum(over)), LEAST)
    cut = norm / allowed > CLIPPING
    ratio = np.sqrt((got**2).sum(over)) / allowed
    direction = got / np.sqrt((got**2).sum(over)) - gradient / norm
    return {
        "clipped": largest(ratio[cut] / CLIPPING - 1),
        "direction": largest(direction),
        "kept": largest((got - gradient)[..., ~cut]),
        "some": float(min(cut.sum(), (~cut).sum())),
    }


@dataclass(frozen=True, kw_only=True)
class AdaptiveClipping(IdentitiesExperiment):
    """Brock et al. 2021: adaptive gradient clipping, unit by unit.

    Paper      "High-Performance Large-Scale Image Recognition Without Normalization", arXiv
               2102.06171, equation 3: a unit's gradient G is cut to lambda |W| / |G| G where |G| /
               |W| is above lambda, |W| counting as at least 1e-3.
    Claims     Cut units have the ratio lambda and their direction, to 1e-12; others are unchanged
               to the bit; both kinds are there.
    Ours       AdaptiveGradientClipping on a 3x3 kernel of 12 units, one of them zero, float64, nine
               draws.
    Cost       5 CPU seconds.
    Command    python -m benchmarks run brock2021.adaptive_clipping --out results
    """

    identities = (
        Identity("Units above the ratio are cut to it.",
                 (Bound("clipped", "|ratio / λ − 1|", 1e-12),
                  Bound("direction", "|change of direction|", 1e-12),
                  Bound("some", "units of the rarer kind", 1.0, above=True)), target="agc21-def"),
        Identity("The others are left alone.", (Bound("kept", "|change|", 0.0),),
                 target="agc21-def"),
    )  # fmt: skip
