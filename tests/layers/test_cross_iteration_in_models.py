"""CrossIterationBatchNormalization in `fit`, in files, in half precision, and what it refuses."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from keras_norms.layers import CrossIterationBatchNormalization
from tests.conformance.case import draw
from tests.gradients import COMPILED, array
from tests.layers.test_cross_iteration import LINEAR, make
from tests.oracles.cross_iteration import cross_iteration


@pytest.mark.full
@pytest.mark.parametrize("compiled", COMPILED)
def test_fit_save_and_clone(compiled, tmp_path):
    keras.utils.set_random_seed(0)
    x, y = draw((16, 6, 6, 2), 1), draw((16, 1), 2)
    conv = keras.layers.Conv2D(4, 3, use_bias=False)
    model = keras.Sequential(
        [
            keras.Input((None, None, 2)),
            CrossIterationBatchNormalization(conv, window=3, burn_in=2),
            keras.layers.ReLU(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "mse", jit_compile=compiled)
    losses = model.fit(x, y, batch_size=8, epochs=6, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert float(array(model.layers[0].batches.value)) == 12
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for other in (loaded, clone):
        np.testing.assert_allclose(
            other.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6
        )
        for mine, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    for network in (model, loaded):
        network.layers[0](x, training=True)
    for mine, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_policies(policy):
    layer = make("conv2d", policy, window=3, burn_in=0)
    for t in range(3):
        x = keras.ops.cast(draw((3, 4, 4, 2), t), layer.compute_dtype)
        y = layer(x, training=True)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    path = [
        (array(keras.ops.cast(draw((3, 4, 4, 2), t), layer.compute_dtype)), 0) for t in range(3)
    ]
    kernel = array(layer.layer.kernel.value).astype("float64")
    past = [(h.astype("float64"), kernel) for h, _ in path[1::-1]]
    wanted = cross_iteration(past, path[2][0].astype("float64"), kernel)
    limit = 2e-2 if "bfloat16" not in policy else 1e-1
    np.testing.assert_allclose(array(y).reshape(-1, 4), wanted, atol=limit)


def test_its_configuration():
    layer = CrossIterationBatchNormalization(LINEAR["conv2d"][0](), window=5, burn_in=3)
    before = layer.get_config()
    layer.build((None, 4, 4, 2))
    assert layer.get_config() == before
    json.dumps(before)
    twin = CrossIterationBatchNormalization.from_config(before)
    assert twin.get_config() == before
    assert (twin.window, twin.burn_in) == (5, 3)


def test_what_it_refuses():
    dense = keras.layers.Dense(4, use_bias=False)
    for settings, word in (({"window": 0}, "window=0"), ({"burn_in": -1}, "burn_in=-1")):
        with pytest.raises(ValueError, match=word):
            CrossIterationBatchNormalization(dense, **settings)
    for layer, word in (
        (keras.layers.ReLU(), "Conv2D"),
        ("dense", "Conv2D"),
        (keras.layers.Dense(4), "use_bias=False"),
        (keras.layers.Conv1D(4, 2, padding="causal", use_bias=False), "causal"),
        (keras.layers.Dense(4, use_bias=False, activation="relu"), "activation"),
    ):
        with pytest.raises(ValueError, match=word):
            CrossIterationBatchNormalization(layer)
