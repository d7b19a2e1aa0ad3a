"""torch's switch: batch normalization without averages, instance normalization with them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization, InstanceNormalization
from keras_norms.surgery import audit, convert, fold, freeze, recalibrate
from tests.conformance.case import draw
from tests.gradients import MODES, array, program, randomize, state
from tests.oracles.batch import batch
from tests.oracles.instance import instance

SHAPE = (6, 3, 5, 4)


class TestBatch:
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("training", [True, False])
    def test_the_batch_at_inference_too(self, mode, training):
        layer = BatchNormalization(track_running_stats=False)
        layer.build(SHAPE)
        assert [w.name for w in layer.weights] == ["gamma", "beta"]
        weights = randomize(layer)
        x, dy = draw(SHAPE), draw(SHAPE, 2)
        got = program(layer, mode, training=training)(x, dy)
        wanted = batch(x, weights["gamma"], weights["beta"])
        np.testing.assert_allclose(got.output, wanted, atol=2e-5)
        layer.trainable = False
        np.testing.assert_allclose(array(layer(x, training=training)), wanted, atol=2e-5)

    @pytest.mark.parametrize("momentum", [0.9, None])
    def test_a_model(self, momentum, tmp_path):
        inputs = keras.Input((5, 4))
        norm = BatchNormalization(momentum=momentum, track_running_stats=False, name="norm")
        model = keras.Model(inputs, keras.layers.Dense(2)(norm(inputs)))
        model.compile("sgd", "mse")
        x = draw((8, 5, 4))
        model.fit(x, draw((8, 5, 2), 2), verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.get_layer("norm").track_running_stats is False
        np.testing.assert_allclose(array(loaded(x)), array(model(x)), atol=1e-6)

    def test_one_value_a_channel_warns(self):
        layer = BatchNormalization(track_running_stats=False)
        with pytest.warns(UserWarning, match="one value"):
            layer(draw((1, 4)), training=False)

    def test_renormalization_needs_averages(self):
        with pytest.raises(ValueError, match=r"renorm.*track_running_stats"):
            BatchNormalization(renorm=True, track_running_stats=False)

    def test_operations_leave_it(self):
        """It has no averages to fold, to measure or to correct."""
        model = keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(4),
                BatchNormalization(track_running_stats=False, name="norm"),
                BatchNormalization(name="other"),
            ]
        )
        new, report = fold(model)
        assert "no moving statistics" in report["norm"]["detail"]
        assert [row["layer"] for row in audit(model, draw((32, 4)))] == ["other"]
        recalibrate(model, draw((32, 4)), verbose=False)
        new, report = convert(model, keras.layers.BatchNormalization, where=["norm"])
        assert "track_running_stats=False" in report["norm"]["detail"]
        assert isinstance(new.get_layer("norm"), keras.layers.BatchNormalization)


class TestInstance:
    def averages(self, x, visible=None):
        """Mean and variance of each example, averaged over those that have a variance."""
        x = x.astype("float64")
        seen = np.ones(x.shape, bool) if visible is None else visible
        means, variances = [], []
        for example, mask in zip(x, seen, strict=True):
            values = [example[..., c][mask[..., c]] for c in range(x.shape[-1])]
            if all(v.size > 1 for v in values):
                means.append([v.mean() for v in values])
                variances.append([v.var() for v in values])
        return np.mean(means, 0), np.mean(variances, 0)

    @pytest.mark.parametrize("mode", MODES)
    def test_training_and_inference(self, mode):
        layer = InstanceNormalization(track_running_stats=True, momentum=0.7)
        layer.build(SHAPE)
        names = [w.name for w in layer.weights]
        assert names == ["gamma", "beta", "moving_mean", "moving_variance"]
        weights = randomize(layer)
        before, x = state(layer), draw(SHAPE) * 2
        got = program(layer, mode, training=True)(x, draw(SHAPE, 2))
        wanted = instance(x, weights["gamma"], weights["beta"])
        np.testing.assert_allclose(got.output, wanted, atol=2e-5)
        mean, variance = self.averages(x)
        for name, new in (("moving_mean", mean), ("moving_variance", variance)):
            np.testing.assert_allclose(got.state[name], 0.7 * before[name] + 0.3 * new, rtol=1e-5)
            getattr(layer, name).assign(got.state[name])
        moving = got.state
        wanted = (x - moving["moving_mean"]) / np.sqrt(moving["moving_variance"] + 1e-3)
        wanted = weights["gamma"] * wanted + weights["beta"]
        np.testing.assert_allclose(array(layer(x, training=False)), wanted, atol=2e-5)
        layer.trainable = False
        np.testing.assert_allclose(array(layer(x, training=True)), wanted, atol=2e-5)

    def test_a_mask(self):
        x = draw((4, 5, 3))
        seen = np.arange(5) < np.array([5, 3, 1, 0])[:, None]  # two have no variance
        layer = InstanceNormalization(track_running_stats=True, momentum=0.5)
        layer(x, training=True, mask=seen)
        mean, variance = self.averages(x, np.broadcast_to(seen[..., None], x.shape))
        np.testing.assert_allclose(array(layer.moving_mean), 0.5 * mean, rtol=1e-5)
        np.testing.assert_allclose(array(layer.moving_variance), 0.5 + 0.5 * variance, rtol=1e-5)

    def test_one_value_a_channel_leaves_the_averages(self):
        layer = InstanceNormalization(track_running_stats=True)
        layer(draw((4, 1, 1, 3)), training=True)
        np.testing.assert_array_equal(array(layer.moving_mean), 0)
        np.testing.assert_array_equal(array(layer.moving_variance), 1)

    def test_a_file_and_a_conversion_keep_the_averages(self, tmp_path):
        inputs = keras.Input((3, 5, 4))
        norm = InstanceNormalization(track_running_stats=True, momentum=0.5, name="norm")
        model = keras.Model(inputs, norm(inputs))
        model.compile("sgd", "mse")
        x = draw(SHAPE) * 3
        model.fit(x, np.zeros(SHAPE), verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        same, _ = convert(model, "instance")
        for other in (loaded, same):
            np.testing.assert_allclose(array(other(x)), array(model(x)), atol=1e-6)
        assert abs(array(norm.moving_mean)).max() > 0.1

    @pytest.mark.parametrize("estimator", ["population", "batch_mean"])
    def test_operations_on_models_see_the_averages(self, estimator):
        layers = [keras.Input((5, 4)), keras.layers.Dense(4, name="dense"),
                  InstanceNormalization(track_running_stats=True, name="norm"),
                  InstanceNormalization(name="plain")]  # fmt: skip
        model = keras.Sequential(layers)
        x = draw((10, 5, 4)) * 3 + 1
        assert audit(model, x)["norm"]["far"]
        new, report = recalibrate(model, x, batch_size=4, estimator=estimator, verbose=False)
        assert [row["layer"] for row in report] == ["norm"]
        seen = keras.Model(model.inputs, model.get_layer("dense").output)
        mean, variance = self.averages(array(seen(x)))
        norm = new.get_layer("norm")
        np.testing.assert_allclose(array(norm.moving_mean), mean, atol=1e-5)
        np.testing.assert_allclose(array(norm.moving_variance), variance, rtol=1e-5)
        assert not audit(new, x)["norm"]["far"]
        freeze(new)
        np.testing.assert_array_equal(array(new(x, training=True)), array(new(x)))
        assert (norm.trainable, new.get_layer("plain").trainable) == (False, True)

    @pytest.mark.parametrize("momentum", [-0.1, 1.5, "slow", None])
    def test_a_wrong_momentum(self, momentum):
        with pytest.raises(ValueError, match="momentum") as error:
            InstanceNormalization(momentum=momentum)
        assert repr(momentum) in str(error.value)
