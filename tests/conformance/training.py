"""Inside `model.fit`, and what the weights' regularizers, constraints and initializers do."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw
from tests.gradients import COMPILED, array, program, randomize, state


class Training:
    case: Case

    def test_fit(self):
        keras.utils.set_random_seed(0)
        x, y = np.tile(draw((16, 5, 4), 1), (2, 1, 1)), np.tile(draw((16, 1), 2), (2, 1))
        inputs = keras.Input((5, 4))
        hidden = self.case.make(name="norm")(keras.layers.Dense(4)(inputs))
        outputs = keras.layers.Dense(1)(keras.layers.Flatten()(hidden))
        model = keras.Model(inputs, outputs)
        before = [np.array(w) for w in model.get_layer("norm").get_weights()]
        model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=COMPILED[0])
        history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        losses = history.history["loss"]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]
        after = model.get_layer("norm").get_weights()
        for old, new in zip(before, after, strict=True):
            assert not np.array_equal(old, new)

    def test_a_layer_that_is_not_trainable_has_no_trainable_weights(self):
        layer = self.case.make(trainable=False)
        layer.build(SHAPE)
        assert layer.trainable_variables == []
        assert len(layer.non_trainable_variables) == len(layer.variables)

    def test_initializers_regularizers_and_constraints(self):
        if not self.case.affine:
            pytest.skip("the layer has none of these arguments")
        layer = self.case.make(
            gamma_initializer=keras.initializers.Constant(2.0),
            beta_initializer=keras.initializers.Constant(-3.0),
            gamma_regularizer=keras.regularizers.L2(0.1),
            beta_regularizer="l1",
            gamma_constraint=keras.constraints.MaxNorm(1.5),
            beta_constraint="non_neg",
        )
        layer = self.case.layer.from_config(layer.get_config())
        layer.build(SHAPE)
        np.testing.assert_array_equal(array(layer.gamma.value), np.full(4, 2.0))
        np.testing.assert_array_equal(array(layer.beta.value), np.full(4, -3.0))
        assert float(array(sum(layer.losses))) == pytest.approx(0.1 * 4 * 2.0**2 + 0.01 * 4 * 3.0)
        zeros = [keras.ops.zeros_like(v.value) for v in layer.trainable_variables]
        keras.optimizers.SGD(1.0).apply(zeros, layer.trainable_variables)
        np.testing.assert_allclose(np.linalg.norm(array(layer.gamma.value)), 1.5, rtol=1e-5)
        np.testing.assert_array_equal(array(layer.beta.value), np.zeros(4))

    def test_without_center_and_scale(self):
        if not self.case.affine:
            pytest.skip("the layer has neither argument")
        x = draw(SHAPE)
        for scale, center in ((False, True), (True, False), (False, False)):
            layer = self.case.make(scale=scale, center=center)
            y = layer(x, training=True)
            names = [v.name for v in layer.trainable_variables if v.name not in self.case.told]
            assert names == ["gamma"] * scale + ["beta"] * center
            np.testing.assert_allclose(array(y), self.case.truth(layer, x), atol=2e-5)

    def test_gradients_of_a_shift_alone(self):
        if not self.case.affine:
            pytest.skip("the layer has neither argument")
        layer = self.case.make(scale=False)
        got = program(layer, training=True)(draw(SHAPE), draw(SHAPE, 2))
        assert all(np.isfinite(g).all() for g in (got.inputs, *got.weights.values()))
        assert got.weights["beta"].any()

    @pytest.mark.full
    def test_a_last_batch_of_one(self):
        """Nine examples in batches of eight: the ninth has no statistics and leaves no trace."""
        x = draw((9, 4))
        inputs = keras.Input((4,))
        layer = self.case.make()
        model = keras.Model(inputs, keras.layers.Dense(1)(layer(inputs)))
        model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=COMPILED[0])
        model.fit(x[:8], x[:8, :1], batch_size=8, shuffle=False, verbose=0)
        before = state(layer)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(x[8:], x[8:, :1], batch_size=8, verbose=0, epochs=3)
        said = [str(w.message) for w in caught if "one value" in str(w.message)]
        several = hasattr(layer, "remembers") and layer.values_per_statistic(array(x[8:])) > 1
        if several or "variance" not in getattr(layer, "remembers", ()):
            assert not said
            return
        assert len(said) <= 1
        for name, value in before.items():
            np.testing.assert_array_equal(state(layer)[name], value, err_msg=name)

    def test_one_value_a_statistic_is_warned_of_once(self):
        layer = self.case.make()
        if not hasattr(layer, "remembers") or "variance" not in layer.remembers:
            pytest.skip("no variance is remembered")
        layer.build((None, 4))
        weights, before = randomize(layer), state(layer)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            outputs = [array(layer(draw((1, 4)), training=True)) for _ in range(2)]
        said = [str(w.message) for w in caught if "one value" in str(w.message)]
        assert len(said) == (getattr(layer, "groups", 1) == 1 or layer.groups == 4)
        assert all("(1, 4)" in message and layer.name in message for message in said)
        assert all(np.isfinite(y).all() for y in outputs)
        if said and self.case.centred and "mean_weights" not in weights:  # one of three means
            np.testing.assert_array_equal(outputs[0][0], weights["beta"].astype("float32"))
        if said:
            np.testing.assert_equal(state(layer), before)
