"""Salimans & Kingma 2016, Section 3: gains and biases from one batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest
from keras_norms.lab.job import Bench
from keras_norms.lab.options import option

UNITS, DEPTH = 50, 3


def errors(bench: Bench, seed: int) -> dict[str, float]:
    import keras

    from benchmarks.float64_layers import double
    from benchmarks.ioffe2015.steps import array
    from keras_norms.lab.data import load
    from keras_norms.weights import WeightNormalization, initialize_from_data

    data = load("digits", data_dir=bench.data_dir).x_train
    x = data.reshape(len(data), -1).astype("float64")
    keras.utils.set_random_seed(seed)
    with double():
        units = [keras.layers.Dense(UNITS, dtype="float64") for _ in range(DEPTH)]
        layers = [WeightNormalization(unit, dtype="float64") for unit in units]

        def outputs() -> list[np.ndarray]:
            """What each layer puts out, before its rectifier."""
            h, found = x, []
            for layer in layers:
                found.append(array(layer(h)))
                h = np.maximum(found[-1], 0)
            return found

        before = outputs()
        inputs = h = keras.Input(x.shape[1:], dtype="float64")
        for layer in layers:
            h = keras.layers.ReLU(dtype="float64")(layer(h))
        initialize_from_data(keras.Model(inputs, h), x)
        after = outputs()
    return {
        "mean": largest(*(one.mean(axis=0) for one in after)),
        "variance": largest(*(one.var(axis=0) - 1 for one in after)),
        "before": largest(*(one.var(axis=0) - 1 for one in before)),
    }


@dataclass(frozen=True, kw_only=True)
class DataDependentStart(IdentitiesExperiment):
    """Salimans & Kingma 2016, Section 3: gains and biases from one batch.

    Paper      "Weight Normalization", arXiv 1602.07868, Section 3: g = 1 / std[t] and b = -mean[t]
               / std[t] of one batch make every unit's input have mean 0 and variance 1.
    Claims     After `initialize_from_data` every unit's mean is below 1e-6 and its variance within
               1e-5 of 1 on that batch; before it some variance is not within 0.1.
    Ours       MLP of three layers of 50, all digits of the training set, float64, ten networks.
    Cost       20 CPU seconds.
    Command    python -m benchmarks run salimans2016.data_dependent_start --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    identities = (
        Identity("Every unit starts with mean 0 and variance 1.",
                 (Bound("mean", "|mean of a unit|", 1e-6),
                  Bound("variance", "|variance of a unit − 1|", 1e-5)),
                 paper="0 and 1", target="wn16-ddinit"),
        Identity("Without it they do not.",
                 (Bound("before", "|variance of a unit − 1| before", 0.1, above=True),),
                 target="wn16-ddinit"),
    )  # fmt: skip
