"""Variances and means of the blocks of normalizer-free networks at initialization."""

from __future__ import annotations

from typing import Any

import numpy as np

STAGES = 3


def by_block(spec: str, depth: int, width: int, images: int, seed: int) -> dict[str, Any]:
    """What is behind each addition of a normalizer-free network, and on each branch.

    Branches are multiplied by one in place of the learned zero, as in the paper's plots, and inputs
    are scaled so that the first convolution's outputs have variance 1, from which the count begins:
    the authors put the gain into the activation, so that their first kernel has none.

    Args:
        spec: of the kernels, "sws" or "none" (He weights).
        images: normal ones, 32x32x3.

    Returns:
        `variance`, `squared_mean` (both means over channels) and `predicted` (the variance by
        count) by block; `branch`, the variance of what is added over alpha^2.
    """
    import keras

    import keras_norms
    from benchmarks.ioffe2015.steps import array
    from keras_norms.lab.models.normalizer_free import normalizer_free
    from keras_norms.normfree import SkipInit

    keras.utils.set_random_seed(seed)
    about = {"depth": depth, "width": width, "input_shape": (32, 32, 3), "classes": 10}
    model = normalizer_free(keras_norms.get(spec), **about)
    for layer in model.layers:
        if isinstance(layer, SkipInit):
            layer.alpha.assign(1.0)
    adds = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    looks = [look for add in adds for look in (add.output, add.input[1])]
    x = np.random.default_rng(seed).normal(size=(images, 32, 32, 3)).astype("float32")
    over, alpha2 = (0, 1, 2), 0.2**2
    stem = next(layer for layer in model.layers if len(layer.output.shape) == 4 and layer.weights)
    x /= float(array(keras.Model(model.input, stem.output)(x)).var(over).mean() ** 0.5)
    seen = [array(y).astype(np.float64) for y in keras.Model(model.input, looks)(x)]
    found: dict[str, Any] = {
        "variance": [float(y.var(over).mean()) for y in seen[::2]],
        "squared_mean": [float((y.mean(over) ** 2).mean()) for y in seen[::2]],
        "branch": [float(y.var(over).mean()) / alpha2 for y in seen[1::2]],
    }
    a_stage = len(adds) // STAGES
    found["predicted"] = [1 + alpha2 * (block % a_stage + 1) for block in range(len(adds))]
    return found
