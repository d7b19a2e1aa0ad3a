"""Layers inside what records, maps, differentiates forward and exports them."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw
from tests.gradients import BACKEND, array, randomize


class Cell(keras.layers.Layer):
    """A recurrent cell that normalizes its state."""

    def __init__(self, normalizer: keras.layers.Layer) -> None:
        super().__init__()
        self.state_size = self.output_size = 4
        self.linear = keras.layers.Dense(4)
        self.normalizer = normalizer

    def build(self, shape: tuple[int, ...]) -> None:
        self.linear.build(shape)
        self.normalizer.build((None, 4))

    def call(self, inputs, states, training=None):
        hidden = keras.ops.tanh(self.normalizer(self.linear(inputs) + states[0]))
        return hidden, [hidden]


class Programs:
    case: Case

    def made(self, shape=SHAPE):
        layer = self.case.make()
        layer.build(shape)
        randomize(layer)
        layer(draw(shape, 3), training=True)
        return layer

    @pytest.mark.skipif(BACKEND != "torch", reason="torch's compiler")
    @pytest.mark.parametrize("training", [True, False])
    def test_one_graph_for_torch_compile(self, training):
        import torch

        layer, x = self.made(), torch.tensor(draw(SHAPE))
        kept = layer.get_weights()
        wanted = array(layer(x, training=training).detach())
        layer.set_weights(kept)
        torch._dynamo.reset()
        compiled = torch.compile(
            lambda x: layer(x, training=training), backend="eager", fullgraph=True
        )
        np.testing.assert_allclose(array(compiled(x).detach()), wanted, atol=2e-6)

    @pytest.mark.skipif(BACKEND != "torch", reason="torch's tracer")
    def test_a_trace_takes_any_mean(self):
        """Traced near zero, it must not keep the way that only fits near zero."""
        import torch

        shape = (2, 8, 8, 4)
        layer = self.made(shape)
        model = keras.Sequential([keras.Input(shape[1:]), layer]).eval()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(model, torch.tensor(draw(shape)), check_trace=False)
        for mean in (0.0, 1e2, 1e4):
            x = torch.tensor(draw(shape, mean=mean))
            np.testing.assert_allclose(
                array(traced(x).detach()), array(model(x).detach()), atol=1e-4, rtol=1e-4
            )

    @pytest.mark.skipif(BACKEND != "jax", reason="JAX's export of unknown sizes")
    @pytest.mark.parametrize("valid", [False, True])
    @pytest.mark.parametrize("training", [True, False])
    def test_an_export_of_unknown_sizes(self, training, valid):
        """Also behind a convolution without padding, where they may be zero."""
        import jax
        from jax import export

        layer = self.case.make()
        if training and hasattr(layer, "virtual_batch_size"):
            pytest.skip("a batch of unknown size cannot be cut")
        layer.build((None, None, None, 4))
        randomize(layer)
        weights = [v.value for v in layer.trainable_variables]
        memory = [v.value for v in layer.non_trainable_variables]
        kernel = np.float32(0.3) * np.eye(4, dtype="float32") * np.ones((3, 1, 1, 1), "float32")

        @jax.jit
        def call(x):
            x = keras.ops.conv(x, kernel, padding="valid") if valid else x
            return layer.stateless_call(weights, memory, x, training=training)[0]

        shape = export.symbolic_shape("batch, height, width, 4")
        exported = export.export(call)(jax.ShapeDtypeStruct(shape, np.float32))
        for shape in ((3, 70, 5, 4), (2, 4, 66, 4)):
            np.testing.assert_allclose(exported.call(draw(shape)), call(draw(shape)), atol=1e-5)

    @pytest.mark.full
    def test_forward_mode(self):
        """The derivative along a direction, against central differences of the oracle."""
        layer = self.case.make()
        layer.build(SHAPE)
        weights = randomize(layer)
        x, u = draw(SHAPE), draw(SHAPE, 2, 0.0)

        def moved(t):
            return self.case.truth(layer, x.astype(float) + t * u, weights)

        wanted = (moved(1e-5) - moved(-1e-5)) / 2e-5
        np.testing.assert_allclose(tangent(layer, x, u), wanted, rtol=1e-3, atol=1e-4)

    @pytest.mark.full
    def test_inside_a_recurrent_cell(self):
        if BACKEND == "jax" and self.made((8, 4)).non_trainable_variables:
            pytest.skip("Keras's scan on JAX hands no updates out, of its own layers neither")
        inputs = keras.Input((5, 4))
        outputs = keras.layers.Dense(1)(keras.layers.RNN(Cell(self.case.make()))(inputs))
        model = keras.Model(inputs, outputs)
        model.compile("sgd", "mse")
        assert np.isfinite(model.train_on_batch(draw((8, 5, 4)), draw((8, 1))))

    def test_inside_a_map(self):
        layer = self.made((2, 5, 4))
        x = keras.ops.convert_to_tensor(draw((3, 2, 5, 4)))
        got = array(keras.ops.map(lambda part: layer(part, training=False), x))
        wanted = [array(layer(x[i], training=False)) for i in range(3)]
        np.testing.assert_allclose(got, np.stack(wanted), atol=2e-6)

    def test_an_example_alone_and_in_any_batch(self):
        """What is deployed answers no request by the others that came with it.

        Bit by bit where each operation is a kernel of its own; a compiled or threaded sum may add
        in an order that follows the size of the batch.
        """
        layer = self.made((9, 8, 8, 4))
        x = draw((9, 8, 8, 4))
        predict = keras.Sequential([keras.Input((8, 8, 4)), layer]).predict_on_batch
        together = predict(x)
        for examples in ([0], [4], [3, 4], [8, 7, 6, 5, 4]):
            alone = predict(x[examples])
            if BACKEND == "torch":
                np.testing.assert_array_equal(alone, together[examples], err_msg=str(examples))
            np.testing.assert_allclose(alone, together[examples], rtol=2e-6, atol=2e-6)


def tangent(layer: keras.layers.Layer, x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The derivative of the layer's output in training at `x`, along `u`."""
    if BACKEND == "torch":
        import torch
        from torch.autograd import forward_ad

        with forward_ad.dual_level():
            y = layer(forward_ad.make_dual(torch.tensor(x), torch.tensor(u)), training=True)
            return array(forward_ad.unpack_dual(y).tangent.detach())
    if BACKEND == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.autodiff.ForwardAccumulator(x, tf.constant(u)) as accumulator:
            y = layer(x, training=True)
        return array(accumulator.jvp(y))
    import jax

    weights = [v.value for v in layer.trainable_variables]
    memory = [v.value for v in layer.non_trainable_variables]

    def call(x):
        return layer.stateless_call(weights, memory, x, training=True)[0]

    return array(jax.jvp(call, (x,), (u,))[1])
