"""Adaptive gradient clipping in `fit`, in files, and what it refuses."""

from __future__ import annotations

import json
from functools import cache

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.normfree import AdaptiveGradientClipping
from keras_norms.weights import WeightNormalization
from tests.conformance.case import draw
from tests.gradients import COMPILED, array
from tests.oracles.agc import clipped


def network(seed=0, **head):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, activation="relu", name="stem")(inputs)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(3, name="top", **head)(x))


X, Y = draw((32, 8, 8, 1), 1), draw((32, 3), 2)


def step(optimizer, **options):
    """The change of each variable in one step, as `fit` compiles it."""
    model = network()
    before = {v.path: array(v.value) for v in model.trainable_variables}
    model.compile(optimizer, "mse", **options)
    model.train_on_batch(X, Y)
    after = {v.path: array(v.value) for v in model.trainable_variables}
    return before, {path: after[path] - before[path] for path in before}


@cache
def unclipped():
    return step(keras.optimizers.SGD(1.0))


class TestInFit:
    @pytest.mark.parametrize("compiled", COMPILED)
    def test_agc21_def_in_a_step_the_head_excluded(self, compiled):
        before, plain = step(keras.optimizers.SGD(1.0), jit_compile=compiled)
        agc = AdaptiveGradientClipping(keras.optimizers.SGD(1.0), clipping=0.05)
        _, got = step(agc, jit_compile=compiled)
        for path, axes in (("stem/kernel", (0, 1, 2)), ("stem/bias", (0,))):
            wanted = -clipped(-plain[path], before[path], axes, clipping=0.05)
            assert np.abs(wanted).max() < np.abs(plain[path]).max()
            np.testing.assert_allclose(got[path], wanted, rtol=1e-3, atol=1e-6)
        for path in ("top/kernel", "top/bias"):
            np.testing.assert_allclose(got[path], plain[path], atol=1e-6)

    @pytest.mark.full
    @pytest.mark.parametrize(
        ("exclude", "free"),
        [
            (None, set()),
            ("stem", {"stem/kernel", "stem/bias"}),
            (["bias"], {"stem/bias", "top/bias"}),
            (["stem/bias", "top"], {"stem/bias", "top/kernel", "top/bias"}),
            (lambda v: len(v.shape) < 2, {"stem/bias", "top/bias"}),
        ],
    )
    def test_exclusion(self, exclude, free):
        before, plain = unclipped()
        agc = AdaptiveGradientClipping(keras.optimizers.SGD(1.0), 1e-6, exclude=exclude)
        _, got = step(agc)
        for path in before:
            if path in free:
                np.testing.assert_allclose(got[path], plain[path], atol=1e-6)
            else:
                assert np.abs(got[path]).max() < 1e-4

    @pytest.mark.full
    @pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop", "lion"])
    def test_any_optimizer_that_clips_nothing_is_itself(self, name):
        _, plain = step(keras.optimizers.get(name))
        _, got = step(AdaptiveGradientClipping(name, clipping=1e6))
        for path, change in plain.items():
            np.testing.assert_allclose(got[path], change, atol=1e-6)

    @pytest.mark.full
    def test_it_keeps_a_large_learning_rate_finite(self):
        losses = {}
        for name, optimizer in (
            ("plain", keras.optimizers.SGD(5.0)),
            ("agc", AdaptiveGradientClipping(keras.optimizers.SGD(5.0), 0.01, exclude=None)),
        ):
            model = network()
            model.compile(optimizer, "mse")
            losses[name] = model.fit(X, Y, epochs=20, verbose=0, batch_size=8).history["loss"][-1]
        assert not losses["plain"] < 1e3
        assert losses["agc"] < 10

    def test_mixed_precision(self):
        keras.config.set_dtype_policy("mixed_float16")
        try:
            model = network(dtype="float32")
            model.compile(AdaptiveGradientClipping(keras.optimizers.SGD(0.05), 0.1), "mse")
            assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
            losses = model.fit(X, Y, epochs=8, verbose=0, batch_size=8).history["loss"]
        finally:
            keras.config.set_dtype_policy("float32")
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]

    def test_schedules_and_callbacks_reach_the_wrapped_optimizer(self):
        inner = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5))
        model = network()
        model.compile(AdaptiveGradientClipping(inner), "mse")
        model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
        assert int(array(model.optimizer.iterations)) == 4
        assert float(array(model.optimizer.learning_rate)) == pytest.approx(0.05)
        agc = AdaptiveGradientClipping(keras.optimizers.SGD(0.1))
        model.compile(agc, "mse")
        callback = keras.callbacks.LearningRateScheduler(lambda epoch: 0.25)
        model.fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
        assert float(array(agc.inner_optimizer.learning_rate)) == 0.25

    def test_embeddings(self):
        """Their gradients may be sparse."""
        model = keras.Sequential(
            [keras.Input((4,), dtype="int32"), layers.Embedding(9, 3), layers.Flatten()]
        )
        model.add(layers.Dense(1))
        model.compile(AdaptiveGradientClipping("sgd"), "mse")
        history = model.fit(np.arange(8).reshape(2, 4), np.ones((2, 1)), verbose=0)
        assert np.isfinite(history.history["loss"]).all()

    def test_the_head_of_a_wrapped_layer(self):

        inputs = keras.Input((4,))
        x = layers.Dense(3, name="body")(inputs)
        outputs = WeightNormalization(layers.Dense(2), name="top")(x)
        model = keras.Model(inputs, outputs)
        agc = AdaptiveGradientClipping("sgd")
        agc.build(model.trainable_variables)
        kept = {v.path for v in model.trainable_variables} - agc._excluded
        assert kept == {"body/kernel", "body/bias"}


class TestSaving:
    def test_a_saved_model_goes_on_where_it_stopped(self, tmp_path):
        model = network()
        model.compile(AdaptiveGradientClipping("adam", 0.02, exclude=["top"]), "mse")
        model.fit(X, Y, epochs=2, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert isinstance(loaded.optimizer, AdaptiveGradientClipping)
        for one in (model, loaded):
            one.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        for mine, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-6)

    @pytest.mark.parametrize("exclude", ["head", None, ["top", "bias"], "top"])
    def test_the_configuration(self, exclude):
        agc = AdaptiveGradientClipping(
            keras.optimizers.SGD(0.3, momentum=0.9), 0.05, 1e-4, exclude, {"a/kernel": (0, 1)}
        )
        config = agc.get_config()
        json.dumps(config)
        again = AdaptiveGradientClipping.from_config(config)
        assert again.get_config() == config
        assert again.inner_optimizer.momentum == 0.9
        late = keras.optimizers.deserialize(keras.optimizers.serialize(agc))
        assert late.get_config() == config

    def test_a_predicate_that_is_registered(self):
        agc = AdaptiveGradientClipping("sgd", exclude=is_vector)
        again = AdaptiveGradientClipping.from_config(agc.get_config())
        assert again.exclude is is_vector


@keras.saving.register_keras_serializable(package="tests")
def is_vector(variable):
    return len(variable.shape) < 2


class TestRefusals:
    @pytest.mark.parametrize("value", [0, -0.1, float("nan"), float("inf"), "much", True])
    @pytest.mark.parametrize("name", ["clipping", "epsilon"])
    def test_ranges(self, name, value):
        with pytest.raises(ValueError, match=name) as error:
            AdaptiveGradientClipping("sgd", **{name: value})
        assert repr(value) in str(error.value)

    def test_names_that_no_variable_has(self):
        model = network()
        model.compile(AdaptiveGradientClipping("sgd", exclude=["tpo"]), "mse")
        with pytest.raises(ValueError, match="exclude") as error:
            model.fit(X, Y, verbose=0)
        assert "'tpo'" in str(error.value)
        assert "top/kernel" in str(error.value)

    def test_optimizers_that_scale_the_loss(self):
        for inner in (
            keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()),
            keras.optimizers.SGD(loss_scale_factor=8.0),
        ):
            with pytest.raises(ValueError, match="LossScaleOptimizer around"):
                AdaptiveGradientClipping(inner)
