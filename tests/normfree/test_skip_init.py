from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.normfree import ScalarBias, SkipInit, scaled_relu
from tests.conformance.case import draw
from tests.gradients import MODES, array, program


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(3,), (2, 5, 4)])
def test_one_learned_number(shape, mode):
    layer, x, dy = SkipInit(), draw(shape, 1), draw(shape, 2)
    step = program(layer, mode)
    got = step(x, dy)
    np.testing.assert_array_equal(got.output, np.zeros(shape))
    np.testing.assert_allclose(got.weights["alpha"], (x * dy).sum(), rtol=1e-5)
    layer.alpha.assign(-1.5)
    got = step(x, dy)
    np.testing.assert_allclose(got.output, -1.5 * x, rtol=1e-6)
    np.testing.assert_allclose(got.inputs, -1.5 * dy, rtol=1e-6)


def test_residual_blocks_start_as_the_identity():
    inputs = keras.Input((6,))
    branch = SkipInit()(keras.layers.Dense(6, kernel_initializer="identity")(inputs))
    model = keras.Model(inputs, keras.layers.Add()([inputs, branch]))
    x = draw((4, 6))
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    model.compile("sgd", "mse")
    model.fit(x, -x, verbose=0)
    assert array(model.layers[2].alpha.value) < 0


@pytest.mark.parametrize("kind", [SkipInit, ScalarBias])
def test_files_configurations_masks_and_precision(kind, tmp_path):
    tokens = keras.Input((None,), dtype="int32")
    hidden = kind(name="scalar")(keras.layers.Embedding(7, 4, mask_zero=True)(tokens))
    model = keras.Model(tokens, keras.layers.GlobalAveragePooling1D()(hidden))
    model.get_layer("scalar").weights[0].assign(0.7)
    x = np.array([[1, 2, 3, 0, 0]])
    got = model.predict(x, verbose=0)
    np.testing.assert_allclose(got, model.predict(x[:, :3], verbose=0), atol=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), got, atol=1e-6)
    half = kind(dtype="mixed_float16")
    y = half(draw((2, 3)))
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    assert half.weights[0].dtype == "float32"


def test_another_start_and_a_regularizer():
    layer = SkipInit("ones", keras.regularizers.L2(0.5))
    layer = SkipInit.from_config(layer.get_config())
    x = draw((2, 3))
    np.testing.assert_allclose(array(layer(x)), x)
    assert float(array(layer.losses[0])) == pytest.approx(0.5)


class TestScaledReLU:
    def test_mean_zero_and_variance_one(self):
        z = np.random.default_rng(0).normal(size=2_000_000).astype(np.float32)
        y = array(scaled_relu(keras.ops.convert_to_tensor(z))).astype(np.float64)
        assert abs(y.mean()) < 3e-3
        assert abs(y.var() - 1) < 5e-3

    def test_formula(self):
        x = draw((50,)).astype(np.float64)
        wanted = np.sqrt(2 * np.pi / (np.pi - 1)) * (np.maximum(x, 0) - 1 / np.sqrt(2 * np.pi))
        got = scaled_relu(keras.ops.convert_to_tensor(x.astype("float32")))
        np.testing.assert_allclose(array(got), wanted, rtol=1e-5, atol=1e-6)

    def test_it_is_an_activation_that_is_saved(self, tmp_path):
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(3, activation=scaled_relu)(inputs))
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        x = draw((2, 4))
        np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_half_precision_stays_half(self, dtype):
        y = scaled_relu(keras.ops.ones((3,), dtype))
        assert keras.backend.standardize_dtype(y.dtype) == dtype
        np.testing.assert_allclose(array(y), 1.7128586 * (1 - 0.3989423), rtol=1e-2)
