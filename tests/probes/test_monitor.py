"""The callback in training: nothing changes, rows come when they should."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import NormMonitor
from keras_norms.layers import BatchNormalization, BatchRenormalization
from tests.gradients import BACKEND, COMPILED
from tests.probes.models import X, Y, compiled, fit, probed, sequential, values


@pytest.mark.parametrize(
    ("kind", "jit"),
    [(BatchRenormalization, COMPILED[0]), (layers.BatchNormalization, COMPILED[-1])],
    ids=["renorm", "of_keras"],
)
def test_training_is_as_without_it(kind, jit):
    plain, model = sequential(kind, jit_compile=jit), sequential(kind, jit_compile=jit)
    monitors = [NormMonitor((X, Y)), NormMonitor((X[:9], Y[:9]), every=2)]
    usual = fit(plain, validation_data=(X, Y))
    got = fit(model, *monitors, validation_data=(X, Y))
    assert got == usual
    for now, wanted in zip(values(model), values(plain), strict=True):
        np.testing.assert_array_equal(now, wanted)
    times = [{(row["epoch"], row["step"]) for row in monitor.report} for monitor in monitors]
    assert times[0] == {(0, 0), (1, 3), (2, 6)}
    assert times[1] == {(0, 0), (0, 2), (1, 4), (1, 6)}


def test_it_sees_the_state_of_the_moment():
    """Gamma by the monitor is gamma as training had it, in the middle of an epoch too."""
    seen = []

    class Gamma(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(float(np.mean(self.model.get_layer("norm").gamma.numpy())))

    model, monitor = sequential(BatchNormalization), NormMonitor((X, Y), every=1)
    fit(model, monitor, Gamma())
    logged = [row["value"] for row in monitor.report if row["quantity"] == "gamma mean"]
    np.testing.assert_allclose(logged[1:], seen, rtol=1e-6)
    assert len(set(seen)) == 6


def test_more_batches_an_execution_and_a_second_fit():
    at_once = 1 if BACKEND == "torch" else 2  # Keras has it on the others alone
    model = compiled(sequential(BatchNormalization), steps_per_execution=at_once)
    monitor = NormMonitor(X, every=2)
    fit(model, monitor, batch_size=6, epochs=1)
    fit(model, monitor, batch_size=6, epochs=2, initial_epoch=1)
    times = list(dict.fromkeys((row["epoch"], row["step"]) for row in monitor.report))
    assert times == [(0, 0), (0, 2), (0, 4), (1, 6), (1, 8)]


class Program(keras.Model):
    """A model that is no graph, with a normalizer that it never calls."""

    def __init__(self):
        super().__init__()
        self.parts = {"linear": layers.Dense(3), "norm": BatchNormalization(name="inside")}
        self.idle = BatchNormalization(name="idle")
        self.last = layers.Dense(2)

    def call(self, x):
        return self.last(self.parts["norm"](self.parts["linear"](x), training=True))


def test_a_model_that_is_no_graph():
    model = compiled(Program())
    monitor = NormMonitor((X, Y))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(model, monitor)
    said = [str(w.message) for w in caught if "NormMonitor" in str(w.message)]
    assert len(said) == 1
    assert "'idle'" in said[0]
    assert "inside" not in said[0]
    rows = [row for row in monitor.report if row["layer"] == "inside"]
    assert {row["epoch"] for row in rows} >= {1, 2}
    assert "gamma gradient" in {row["quantity"] for row in rows}
    assert "kernel gradient" not in {row["quantity"] for row in rows}


def test_what_is_trained_may_change():
    model, monitor = sequential(BatchNormalization), NormMonitor((X, Y))
    monitor.set_model(model)
    monitor.on_train_begin()
    model.get_layer("norm").trainable = False
    monitor.on_epoch_end(0)
    graded = {row["epoch"] for row in monitor.report if row["quantity"] == "gamma gradient"}
    assert graded == {0}
    assert {row["epoch"] for row in monitor.report} == {0, 1}


def test_the_first_batch_of_a_data_set():
    model = sequential(BatchNormalization)
    got = probed(NormMonitor([(X[:5], Y[:5]), (X[5:], Y[5:])]), model)
    assert got == probed(NormMonitor((X[:5], Y[:5])), model)


@pytest.mark.once
@pytest.mark.parametrize(("given", "words"), [
    ({"every": 0}, "every=0"),
    ({"every": "step"}, "every='step'"),
    ({"every": True}, "every=True"),
    ({"data": 3}, "int"),
    ({"data": []}, "no batch"),
    ({"data": (X, Y[:3])}, "different lengths"),
])  # fmt: skip
def test_refusals(given, words):
    with pytest.raises(ValueError, match=words):
        NormMonitor(**{"data": (X, Y), **given})
