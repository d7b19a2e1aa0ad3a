"""Layers made of layers whose call cannot be laid into the graph: left, and said why."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from keras_norms.surgery import convert, fold
from tests.gradients import array
from tests.surgery.test_blocks import ConvNormalized, X, model


class Different(ConvNormalized):
    """Its call is another in training."""

    def call(self, inputs, training=None):
        x = self.norm(self.conv(inputs), training=training)
        return self.act(x) if training else x


class Untraceable(ConvNormalized):
    """Its call asks for numbers."""

    def call(self, inputs, training=None):
        if keras.ops.shape(inputs)[0] is None or isinstance(inputs, keras.KerasTensor):
            raise TypeError("no number")
        return super().call(inputs, training=training)

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor((*inputs.shape[:-1], self.filters), inputs.dtype)


class Owning(ConvNormalized):
    """It has a weight of its own."""

    def build(self, shape):
        super().build(shape)
        self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

    def call(self, inputs, training=None):
        return self.factor * super().call(inputs, training=training)


class Losing(ConvNormalized):
    """It adds a loss."""

    def call(self, inputs, training=None):
        y = super().call(inputs, training=training)
        self.add_loss(ops.mean(y))
        return y


CLOSED = {
    Different: "something else in training",
    Untraceable: r"cannot be traced \(TypeError: no number\)",
    Owning: "weights or random numbers of its own",
    Losing: r"cannot be traced \(ValueError: .add_loss",
}


@pytest.mark.parametrize("kind", CLOSED, ids=lambda kind: kind.__name__)
def test_what_cannot_be_read_is_left_by_name(kind):
    made = model(kind(3, name="first"), ConvNormalized(3, name="second"))
    for operation in (fold, lambda m: convert(m, "group:3")):
        new, report = operation(made)
        assert report["first/norm"]["done"] == "left"
        assert report["second/norm"]["done"] in ("folded", "converted")
        with pytest.raises(AssertionError, match=CLOSED[kind]):
            raise AssertionError(report["first/norm"]["detail"])
        assert type(new.get_layer("first")) is kind
    np.testing.assert_allclose(array(fold(made)[0](X)), array(made(X)), rtol=1e-4, atol=1e-5)


class Reshaping(ConvNormalized):
    """Reshapes to sizes that are known in a call on numbers alone."""

    def call(self, inputs):
        sizes = inputs.shape
        flat = ops.reshape(inputs, (-1, sizes[1] * sizes[2], sizes[3]))
        x = ops.reshape(flat, (sizes[0] or -1, *sizes[1:]))
        # As where a size of the batch is written down: no number of examples but this one fits.
        return super().call(x if sizes[0] else ops.reshape(x, (7, *sizes[1:])))


def test_a_block_whose_graph_runs_on_no_numbers_stays_closed():
    made = model(Reshaping(3, name="block"))
    _, report = fold(made)
    (row,) = report
    assert row["done"] == "left"
    assert "traced, its call() does not run" in row["detail"]
