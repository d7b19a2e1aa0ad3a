"""TensorFlow's own checkpoints hold every variable of every layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import keras_norms
from benchmarks.specs import every
from tests.conformance.case import draw
from tests.gradients import BACKEND, array

pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.train.Checkpoint")
LINEARS = {
    "conv": lambda: keras.layers.Conv2D(16, 3),
    "separable": lambda: keras.layers.SeparableConv2D(16, 3),
}


@pytest.mark.parametrize("linear", LINEARS)
@pytest.mark.parametrize("name", every())
def test_a_checkpoint_holds_everything(name, linear, tmp_path):
    import tensorflow as tf

    if (name, linear) == ("cross_iteration", "separable"):
        pytest.skip("it takes layers of one kernel")

    def model():
        block = keras_norms.get(every()[name])(LINEARS[linear](), "relu")
        return keras.Sequential([keras.Input((6, 6, 3)), *block.layers])

    one, other = model(), model()
    rng = np.random.default_rng(0)
    for variable in one.variables:
        variable.assign(np.abs(rng.normal(size=variable.shape)).astype(variable.dtype))
    path = tf.train.Checkpoint(model=one).save(tmp_path / "checkpoint")
    tf.train.Checkpoint(model=other).restore(path).assert_existing_objects_matched()
    for mine, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(array(mine), array(theirs), err_msg=mine.path)
    x = draw((4, 6, 6, 3))
    np.testing.assert_array_equal(array(one(x)), array(other(x)))
