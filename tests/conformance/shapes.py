"""Symbolic, unknown, transposed and empty shapes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw
from tests.gradients import BACKEND, array, program, randomize, state


class Shapes:
    case: Case

    def test_the_output_has_the_shape_of_the_input(self, example):
        settings, shape = example
        layer = self.case.layer(**settings)
        assert tuple(layer.compute_output_shape(shape)) == shape
        symbolic = self.case.layer(**settings)(keras.Input(shape[1:]))
        assert tuple(symbolic.shape) == (None, *shape[1:])
        assert symbolic.dtype == "float32"

    def test_unknown_sizes_in_a_model(self):
        inputs = keras.Input((None, None, 4))
        layer = self.case.make()
        model = keras.Model(inputs, layer(inputs))
        randomize(layer)
        for shape in ((2, 3, 5, 4), (1, 4, 2, 4), (3, 1, 2, 4)):
            x = draw(shape)
            wanted = array(layer(x, training=False))
            np.testing.assert_allclose(model.predict(x, verbose=0), wanted, atol=2e-6)

    @pytest.mark.full
    @pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow traces unknown sizes")
    def test_unknown_sizes_in_training(self):
        import tensorflow as tf

        layer = self.case.make()
        layer.build((None, None, None, 4))
        weights = randomize(layer)
        signature = [tf.TensorSpec((None, None, None, 4), tf.float32)]

        @tf.function(input_signature=signature, autograph=False)
        def step(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x, training=True)
            return y, tape.gradient(y, x, tf.ones_like(y) * x)

        for shape in ((2, 3, 5, 4), (5, 2, 2, 4)):
            x = draw(shape)
            y, dx = step(tf.constant(x))
            np.testing.assert_allclose(y, self.case.truth(layer, x, weights), atol=2e-5)
            np.testing.assert_allclose(dx, program(layer, training=True)(x, x).inputs, atol=2e-5)

    def test_channels_first_is_channels_last_transposed(self, mode):
        last, first, x, dy = self.case.make(), self.case.make(axis=1), draw(SHAPE), draw(SHAPE, 2)
        for layer, shape in ((last, SHAPE), (first, (6, 4, 5))):
            layer.build(shape)
            randomize(layer)
        one = program(last, mode, training=True)(x, dy)
        two = program(first, mode, training=True)(x.swapaxes(1, 2), dy.swapaxes(1, 2))
        np.testing.assert_allclose(two.output.swapaxes(1, 2), one.output, atol=2e-6)
        np.testing.assert_allclose(two.inputs.swapaxes(1, 2), one.inputs, atol=5e-6)
        for name, gradient in one.weights.items():
            np.testing.assert_allclose(two.weights[name], gradient, atol=5e-5)

    def test_an_empty_batch(self, mode):
        layer = self.case.make()
        layer.build(SHAPE)
        before = state(layer)
        got = program(layer, mode, training=True)(np.zeros((0, *SHAPE[1:]), "float32"), None)
        assert got.output.shape == got.inputs.shape == (0, *SHAPE[1:])
        assert all((g == 0).all() for g in got.weights.values())
        for name, value in before.items():
            np.testing.assert_array_equal(got.state[name], value, err_msg=name)

    def test_no_time_steps(self):
        layer = self.case.make()
        assert array(layer(np.zeros((2, 0, 4), "float32"), training=True)).shape == (2, 0, 4)

    def test_inputs_of_several_ranks(self):
        """One layer for a sequence and its pooled vector, where statistics are of a position."""
        if not self.case.layer.any_rank:
            layer = self.case.make()
            layer(draw(SHAPE))
            with pytest.raises(ValueError, match="ndim"):
                layer(draw((6, 4)))
            return
        for build in ((3, 4), (None, None, 4), (4,)):
            layer = self.case.make()
            layer.build(build)
            weights = randomize(layer)
            for shape in (SHAPE, (6, 4), (2, 3, 2, 4)):
                wanted = self.case.truth(layer, draw(shape), weights)
                np.testing.assert_allclose(array(layer(draw(shape))), wanted, atol=2e-5)
            if any(4 in weight.shape for weight in layer.weights):
                with pytest.raises(ValueError, match="shape"):
                    layer(draw((6, 3)))

    def test_a_model_that_shares_it_between_ranks(self):
        if not self.case.layer.any_rank:
            pytest.skip("inputs are of one rank")
        layer, inputs = self.case.make(), keras.Input((5, 4))
        pooled = layer(keras.layers.GlobalAveragePooling1D()(layer(inputs)))
        assert keras.Model(inputs, pooled).predict(draw(SHAPE), verbose=0).shape == (6, 4)
