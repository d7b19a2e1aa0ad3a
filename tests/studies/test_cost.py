"""The other way of the cost table: a fresh `fit` reaches the verdicts that the lab's loop does."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.lab import data
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Run
from studies import cost

pytestmark = pytest.mark.once


def test_a_fit_has_a_verdict():
    images = data.load("digits")
    run = Run(depth=1, width=16, steps=60, learning_rate=0.3)
    assert cost.fitted(run, images).trained
    blown = Run(depth=1, width=16, steps=60, learning_rate=1e6)
    assert cost.fitted(blown, images) is Verdict.BLEW_UP


def test_each_batch_and_not_the_running_mean():
    told = cost.Losses()
    assert isinstance(told, keras.callbacks.Callback)
    for batch, (loss, accuracy) in enumerate([(4.0, 0.0), (3.0, 0.5), (3.0, 1 / 3)]):
        told.on_train_batch_end(batch, {"loss": loss, "accuracy": accuracy})
    assert told.losses == [4.0, 2.0, 3.0]
    np.testing.assert_allclose(told.accuracies, [0.0, 1.0, 0.0], atol=1e-12)
