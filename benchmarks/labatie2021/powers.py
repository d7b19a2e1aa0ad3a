"""The power of activations in four parts, and random convolutional networks."""

from __future__ import annotations

import numpy as np

PARTS = ("P1", "P2", "P3", "P4")
# Arm -> the normalizer before the activation, its options, and whether a proxy normalizes behind.
ARMS = {
    "BN": ("BatchNormalization", {}, False),
    "IN": ("InstanceNormalization", {}, False),
    "LN": ("LayerNormalization", {"axis": [1, 2, 3]}, False),
    "GN": ("GroupNormalization", {"groups": 8}, False),
    "LN+PN": ("LayerNormalization", {"axis": [1, 2, 3]}, True),
    "GN+PN": ("GroupNormalization", {"groups": 8}, True),
}


def powers(y: np.ndarray) -> list[float]:
    """P1 to P4 of channels-last y, which add up to its mean square.

    With mean and standard deviation over space of each example and channel: the square of the
    mean's mean over examples, the mean's variance, the same of the deviation; averages over
    channels.

    Reference: Labatie et al. 2021, arXiv 2106.03743.
    """
    space = tuple(range(1, y.ndim - 1))
    mean, deviation = y.mean(axis=space), y.std(axis=space)
    parts = (mean.mean(0) ** 2, mean.var(0), deviation.mean(0) ** 2, deviation.var(0))
    return [float(part.mean()) for part in parts]


def by_depth(arm: str, depth: int, width: int, examples: int, seed: int) -> list[list[float]]:
    """P1 to P4 of what is normalized in each layer of a random network, from the first.

    Convolutions of 3x3 with circular padding on 8x8 maps, a normalizer, gamma ~ N(1, 0.2^2), beta
    ~ N(0, 0.2^2), ReLU. With a proxy the normalizer has no weights and the proxy layer those.
    """
    from keras import ops

    from benchmarks.ioffe2015.steps import array
    from keras_norms import layers

    kind, options, proxy = ARMS[arm]
    draw = np.random.default_rng(seed)
    h = draw.normal(size=(examples, 8, 8, width)).astype("float32")
    found = []
    for _ in range(depth):
        kernel = draw.normal(scale=(2 / (9 * width)) ** 0.5, size=(3, 3, width, width))
        gamma, beta = draw.normal(1, 0.2, width), draw.normal(0, 0.2, width)
        round_about = np.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="wrap")
        z = ops.conv(ops.convert_to_tensor(round_about), ops.cast(kernel, "float32"))
        plain = getattr(layers, kind)(center=False, scale=False, epsilon=1e-5, **options)
        y = array(plain(z, training=True))
        found.append(powers(y.astype("float64")))
        if proxy:
            behind = layers.ProxyNormalization("relu")
            behind.build(y.shape)
            behind.gamma.assign(gamma)
            behind.beta.assign(beta)
            h = array(behind(ops.convert_to_tensor(y)))
        else:
            h = np.maximum(gamma * y + beta, 0).astype("float32")
    return found
