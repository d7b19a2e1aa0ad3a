"""Normalizers inside a compiled loop: named and left, and the others measured as ever."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import RecalibrateBeforeValidation
from keras_norms.layers import BatchNormalization
from keras_norms.surgery import audit, recalibrate
from tests.gradients import BACKEND, array

DRAW = np.random.default_rng(0)
X = DRAW.normal(3, 2, (24, 5, 4)).astype("float32")
Y = np.zeros((24, 1), "float32")
KINDS = [BatchNormalization, layers.BatchNormalization]


@keras.saving.register_keras_serializable(package="tests")
class Cell(layers.Layer):
    """A recurrent cell that normalizes its input."""

    def __init__(self, norm, **options):
        super().__init__(**options)
        self.state_size = self.output_size = 4
        self.norm = norm

    def build(self, shape):
        self.norm.build(shape)

    def call(self, inputs, states, training=None):
        state = keras.ops.tanh(self.norm(inputs, training=training) + states[0])
        return state, [state]


def model_of(kind, **options):
    x = keras.Input((5, 4))
    y = kind(name="outer")(x)
    y = layers.RNN(Cell(kind(name="inner")), **options)(y)
    model = keras.Model(x, layers.Dense(1)(kind(name="last")(y)))
    model.compile("sgd", "mse", jit_compile=False)
    return model


def rows_of(report):
    return {row["layer"].split("/")[-1]: row for row in report}


@pytest.mark.parametrize("kind", KINDS)
def test_the_audit_names_them_and_measures_the_rest(kind):
    report = audit(model_of(kind), (X, Y), batch_size=12, verbose=False)
    rows = rows_of(report)
    x = X.reshape(-1, 4).astype(np.float64)
    worst = np.abs(x.mean(0) / np.sqrt(x.var(0) + 1e-3)).max()
    np.testing.assert_allclose(rows["outer"]["worst"], worst, rtol=1e-5)
    assert rows["last"]["worst"] > 0
    assert np.isfinite(rows["loss"]["recalibrated"])
    noted = [note for note in report.notes if "cannot be taken" in note]
    if BACKEND == "torch":
        assert noted == []
        assert rows["inner"]["values"] >= 24 * 5  # Keras tries its first step before the loop
    else:
        assert rows["inner"]["done"] == "left: cannot be seen"
        assert len(noted) == 1
        assert "inner" in noted[0]
        assert "unroll=True" in noted[0]


@pytest.mark.parametrize("kind", KINDS)
def test_unrolled_as_it_advises_all_are_measured(kind):
    report = audit(model_of(kind, unroll=True), X, batch_size=12, verbose=False)
    assert rows_of(report)["inner"]["values"] == 24 * 5


def test_data_that_passes_once_lose_no_batch():
    report = audit(model_of(BatchNormalization), iter([X[:8], X[8:]]), verbose=False)
    assert rows_of(report)["outer"]["values"] == 24 * 5


@pytest.mark.parametrize("kind", KINDS)
def test_recalibration_leaves_them(kind):
    model = model_of(kind)
    new, report = recalibrate(model, X, batch_size=12, verbose=False, in_place=True)
    rows = rows_of(report)
    inner = next(v for v in new.variables if v.path.endswith("inner/moving_mean"))
    moved = np.abs(array(inner)).max() > 0
    assert moved == (BACKEND == "torch")
    assert rows["inner"]["done"] == ("recalibrated" if moved else "left: cannot be seen")
    outer = array(new.get_layer("outer").moving_mean)
    np.testing.assert_allclose(outer, X.reshape(-1, 4).mean(0), rtol=1e-5)
    assert not any("Frozen" in note for note in report.notes)


def test_the_callback_warns_once_of_them():
    model = model_of(BatchNormalization)
    callback = RecalibrateBeforeValidation(X, batch_size=12)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            model.evaluate(X, Y, verbose=0, callbacks=[callback])
    said = [str(w.message) for w in caught if "cannot be taken" in str(w.message)]
    assert len(said) == (BACKEND != "torch")


def test_wrong_data_are_not_taken_for_hidden_layers():
    with pytest.raises(Exception, match=r"shape|dim|size|axis") as caught:
        audit(model_of(BatchNormalization), X[..., :3], verbose=False)
    assert "cannot be taken" not in str(caught.value)
