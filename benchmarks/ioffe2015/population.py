"""Algorithm 2: the statistics of inference, ours and Keras's, on data whose variance is known."""

from __future__ import annotations

import keras
import numpy as np

from benchmarks.ioffe2015.equations import Errors, largest, layer, normal
from benchmarks.ioffe2015.steps import array, double
from keras_norms.layers import BatchNormalization

SIZES = (2, 4, 16, 60)  # of mini-batches
TRUE = 4.0
VALUES = 3840  # a batch, over all channels: the smaller the batch, the more channels


def errors(*, batches: int, seed: int) -> Errors:
    """The largest over batch sizes of the relative errors, in the mean over channels.

    Keys: "unbiased", of the paper's average of unbiased variances; "biased", of the biased ones
    against (m - 1) / m; "keras", of Keras's moving average against the same.
    """
    found = {"unbiased": 0.0, "biased": 0.0, "keras": 0.0}
    for m in SIZES:
        shrunk = (1.0, (m - 1) / m, (m - 1) / m)
        for name, variances, wanted in zip(
            found, statistics(m, batches, seed), shrunk, strict=True
        ):
            found[name] = max(found[name], abs(float(variances.mean()) / TRUE - wanted))
    return found


def statistics(m: int, batches: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variances that ours (unbiased, then biased) and Keras's layer remember of batches of m.

    Training at a rate of 0, which leaves everything as it is but what layers remember.
    """
    channels, plain = VALUES // m, {"center": False, "scale": False}
    watchers = [
        BatchNormalization(momentum=None, unbiased=True, **plain),
        BatchNormalization(momentum=None, **plain),
        keras.layers.BatchNormalization(momentum=0.9, **plain),
    ]
    x = np.random.default_rng(seed).normal(3.0, TRUE**0.5, (batches * m, channels))
    inputs = keras.Input((channels,))
    seen = [keras.ops.sum(watch(inputs), axis=-1) for watch in watchers]
    model = keras.Model(inputs, sum(seen))
    at_once = 1 if keras.config.backend() == "torch" else 50  # quicker; torch has no such thing
    # Nothing is trained; the loss only makes `fit` call the layers as it does in training.
    model.compile(keras.optimizers.SGD(0.0), "mse", steps_per_execution=at_once)
    model.fit(x.astype("float32"), np.zeros(len(x)), batch_size=m, shuffle=False, verbose=0)
    return tuple(array(watch.moving_variance.value) for watch in watchers)


def folded() -> Errors:
    """Line 11: gamma / sqrt(Var + eps) * x + (beta - gamma E / sqrt(Var + eps))."""
    with double():
        at_inference = layer()
        x = normal(16, 7)
        at_inference.build(x.shape)
        mean, variance = normal(7, seed=1), normal(7, seed=2) ** 2
        at_inference.moving_mean.assign(mean)
        at_inference.moving_variance.assign(variance)
        y = array(at_inference(keras.ops.convert_to_tensor(x), training=False))
        gamma, beta = (array(at_inference.gamma.value), array(at_inference.beta.value))
    factor = gamma / np.sqrt(variance + at_inference.epsilon)
    return {"affine": largest(y - (factor * x + (beta - factor * mean)))}
