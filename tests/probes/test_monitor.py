"""The callback in training: nothing changes, rows come when they should."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import NormMonitor
from keras_norms.layers import BatchNormalization, BatchRenormalization, LayerNormalization
from tests.gradients import BACKEND, COMPILED
from tests.probes.models import X, Y, compiled, fit, probed, sequential, values


@pytest.mark.full
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


@keras.saving.register_keras_serializable(package="tests")
class Cell(layers.Layer):
    """A recurrent cell that normalizes its state."""

    def __init__(self, **options):
        super().__init__(**options)
        self.state_size = self.output_size = 3
        self.linear, self.norm = layers.Dense(3), LayerNormalization(name="in_the_cell")

    def call(self, inputs, states):
        state = self.norm(self.linear(inputs) + states[0])
        return state, [state]


class Mapped(layers.Layer):
    """A normalizer inside a loop over the examples."""

    def __init__(self, **options):
        super().__init__(**options)
        self.norm = LayerNormalization(name="mapped")

    def build(self, shape):
        self.norm.build(shape[1:])

    def call(self, inputs):
        return keras.ops.map(self.norm, inputs)

    def compute_output_shape(self, shape):
        return shape


@pytest.mark.full
@pytest.mark.parametrize(("inner", "name"), [
    (lambda: layers.RNN(Cell()), "in_the_cell"),
    (lambda: layers.Flatten(), None),
    (lambda: keras.Sequential([Mapped(), layers.Flatten()]), "mapped"),
])  # fmt: skip
def test_what_cannot_be_seen_is_named_and_the_rest_logged(inner, name):
    keras.utils.set_random_seed(0)
    model = compiled(keras.Sequential([
        keras.Input((4, 1)), layers.Dense(3), inner(),
        BatchNormalization(name="seen"), layers.Dense(2),
    ]), jit_compile=False)  # fmt: skip
    monitor = NormMonitor((X[..., None], Y))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X[..., None], Y, epochs=2, verbose=0, callbacks=[monitor])
    said = [str(w.message) for w in caught if "NormMonitor cannot see" in str(w.message)]
    logged = {row["layer"] for row in monitor.report}
    assert "seen" in logged
    assert {row["epoch"] for row in monitor.report} == {0, 1, 2}
    assert "gamma gradient" in {row["quantity"] for row in monitor.report}
    hidden = [] if BACKEND == "torch" or name is None else [name]
    assert len(said) == len(hidden)
    for path in hidden:
        assert path in said[0]
        assert not any(path in layer for layer in logged)


def test_wrong_data_are_not_taken_for_hidden_layers():
    monitor = NormMonitor((X[:, :3], Y))
    monitor.set_model(sequential(BatchNormalization))
    with pytest.raises(Exception, match=r"shape|incompatible"):
        monitor.on_train_begin()


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
