"""Statistics of batch normalization as a training could have left them."""

from __future__ import annotations

import keras
import numpy as np

from benchmarks.surgery.inputs import inputs

EXAMPLES = 8  # whose statistics the normalizers are given


def unsettle(model: keras.Model, seed: int = 1) -> None:
    """Give each batch normalization a gamma, beta and statistics as training could have left them.

    The statistics are those of some inputs, so that a signal neither dies nor explodes on its way
    through hundreds of layers, put off at random: means by a tenth of a deviation, deviations by
    up to a tenth.
    """
    rng = np.random.default_rng(seed)
    found = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.built
    ]
    if not found:
        return
    momenta = [layer.momentum for layer in found]
    for layer in found:
        for variable, low, high in ((layer.gamma, 0.5, 1.5), (layer.beta, -0.5, 0.5)):
            if variable is not None:
                variable.assign(rng.uniform(low, high, variable.shape))
        layer.momentum = 0.0
    model(inputs(model, EXAMPLES), training=True)
    for layer, momentum in zip(found, momenta, strict=True):
        layer.momentum = momentum
        mean, variance = (
            keras.ops.convert_to_numpy(v) for v in (layer.moving_mean, layer.moving_variance)
        )
        layer.moving_mean.assign(mean + 0.1 * np.sqrt(variance) * rng.normal(size=mean.shape))
        layer.moving_variance.assign(variance * rng.uniform(0.9, 1.1, mean.shape) ** 2)
