"""Small models to probe, and what a monitor said of them."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.conformance.case import draw
from tests.gradients import array

X = draw((24, 4), mean=3.0)
Y = draw((24, 2), 1)


def compiled(model, **options):
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, "mse", metrics=["mae"], **options)
    return model


def sequential(kind, **options):
    """Linear, normalizer, dropout, linear; with seeds, so that two are the same."""
    keras.utils.set_random_seed(0)
    return compiled(
        keras.Sequential([
            keras.Input((4,)),
            layers.Dense(3, name="before"),
            kind(name="norm"),
            layers.Dropout(0.5, seed=1),
            layers.Dense(2, name="after"),
        ]),
        **options,
    )  # fmt: skip


def fit(model, *callbacks, **options):
    given = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, **options}
    return model.fit(X, Y, callbacks=list(callbacks), **given).history


def values(model):
    """Weights, moving averages, seeds, metrics and the optimizer's state."""
    variables = (*model.variables, *model.metrics_variables, *model.optimizer.variables)
    return [array(v.value) for v in variables]


def probed(monitor, model):
    """The rows of a probe outside of training, which changes nothing: layer, quantity, value."""
    monitor.set_model(model)
    before = values(model)
    monitor.on_train_begin()
    for now, wanted in zip(values(model), before, strict=True):
        np.testing.assert_array_equal(now, wanted)
    found = {}
    for row in monitor.report:
        found.setdefault(row["layer"], {})[row["quantity"]] = row["value"]
    return found
