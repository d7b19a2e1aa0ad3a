"""A layer that a model has and never calls is a row of the report, not a refusal."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import RecalibrateBeforeValidation
from keras_norms import layers as ours
from keras_norms.surgery import audit, freeze, recalibrate, unfreeze

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
SAID = "left: never called"


@keras.saving.register_keras_serializable("tests")
class Skipping(keras.Model):
    """A program with a normalizer that its call leaves out."""

    def __init__(self, kind=layers.BatchNormalization, **options):
        super().__init__(**options)
        self.dense = layers.Dense(1)
        self.used, self.unused = kind(name="used"), kind(name="unused")

    def call(self, x, training=None):
        return self.dense(self.used(x, training=training))

    def get_config(self):
        return {}


OPERATIONS = {
    "audit": lambda model: audit(model, X, verbose=False),
    "recalibrate": lambda model: recalibrate(model, X, verbose=False)[1],
    "in place": lambda model: recalibrate(model, X, verbose=False, in_place=True)[1],
    "freeze": freeze,
    "unfreeze": unfreeze,
}


@pytest.mark.parametrize("kind", [layers.BatchNormalization, ours.BatchNormalization])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_is_a_row(operation, kind):
    if operation == "recalibrate" and kind is not layers.BatchNormalization:
        pytest.skip("the config does not say the kind")
    model = Skipping(kind)
    model(X)
    report = OPERATIONS[operation](model)
    assert report["unused"]["done"] == SAID
    assert report["used"]["kind"] == "BatchNormalization"
    assert report["used"].get("done") != SAID


def test_the_callback_passes_it_by():
    model = Skipping()
    model.compile("sgd", "mse")
    callback = RecalibrateBeforeValidation(X)
    history = model.fit(X, X[:, :1], validation_data=(X, X[:, :1]), callbacks=[callback], verbose=0)
    assert np.isfinite(history.history["val_loss"]).all()
