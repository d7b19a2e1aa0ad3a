"""Brock, De & Smith 2021: scaled weight standardization and the gain of ReLU."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, apart, largest

SHAPE, GAIN = (3, 3, 8, 16), math.sqrt(2 / (1 - 1 / math.pi))
CODES = 1.7139588594436646  # the constant of the authors' code


def errors(seed: int) -> dict[str, float]:
    import keras

    from benchmarks.float64_layers import double
    from benchmarks.ioffe2015.steps import array
    from keras_norms.weights import ScaledWeightStandardization

    draw = np.random.default_rng(seed)
    raw = draw.normal(0.3, 2.0, SHAPE)
    with double():
        convolution = keras.layers.Conv2D(SHAPE[-1], 3, use_bias=False, dtype="float64")
        layer = ScaledWeightStandardization(convolution, dtype="float64")
        layer.build((None, 8, 8, SHAPE[2]))
        convolution.kernel.assign(raw)
        kernel = array(layer.effective_kernels()["kernel"])
    over, fan_in = (0, 1, 2), math.prod(SHAPE[:3])
    wanted = GAIN * (raw - raw.mean(over)) / (raw.std(over) * math.sqrt(fan_in))
    sampled = np.maximum(draw.normal(size=1_000_000), 0)
    return {
        "formula": apart(kernel, wanted),
        "mean": largest(kernel.mean(over)),
        "variance": largest(fan_in * kernel.var(over) / GAIN**2 - 1),
        "gain": abs(layer.gamma - 1.7128586),
        "sampled": abs(sampled.std() * layer.gamma - 1),
        "code": abs(CODES / layer.gamma - 1),
    }


@dataclass(frozen=True, kw_only=True)
class Gain(IdentitiesExperiment):
    """Brock, De & Smith 2021: scaled weight standardization and the gain of ReLU.

    Paper      arXiv 2101.08692: filters have mean 0 and variance gamma^2 / fan-in, gamma = 1 /
               sqrt(Var[g(z)]), for ReLU sqrt(2 / (1 - 1 / pi)). The authors' code has 1.71396.
    Claims     Filters' means are below 1e-12, fan-in times their variance gamma^2 to 1e-6; gamma is
               1.7128586 to 1e-6 (ours), and the code's constant is less than 0.1 % away.
    Ours       ScaledWeightStandardization of a 3x3 convolution of 8 channels to 16, float64, nine
               draws.
    Cost       10 CPU seconds.
    Command    python -m benchmarks run brock2021.gain --out results
    """

    identities = (
        Identity("Filters have mean 0 and variance γ² / fan-in.",
                 (Bound("formula", "|kernel − formula|, relative", 1e-6),
                  Bound("mean", "|mean of a filter|", 1e-12),
                  Bound("variance", "|fan-in · variance / γ² − 1|", 1e-6)), target="sws21-gain"),
        Identity("The gain of ReLU is 1.7128586.",
                 (Bound("gain", "|γ − 1.7128586|", 1e-6),
                  Bound("sampled", "|γ · deviation of ReLU(z) − 1|, a million z", 5e-3)),
                 paper="√(2 / (1 − 1/π))", target="sws21-gain"),
        Identity("The constant of the authors' code is near it.",
                 (Bound("code", "|1.71396 / γ − 1|", 1e-3),), paper="1.71396", target="sws21-gain"),
    )  # fmt: skip
