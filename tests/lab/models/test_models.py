"""The models: every one with every scheme."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

import keras_norms
from keras_norms.lab.errors import BadInput
from tests.lab.models import sizes

SHAPE, CLASSES = (8, 8, 1), 5
# The smallest of each, by its arguments.
SMALL = {
    "mlp": "depth=2,width=8",
    "plain": "depth=5,width=8",
    "resnet": "depth=8,width=8",
    "inception": "depth=2,width=8",
    "preactivation_resnet": "depth=8,width=8",
    "wide_resnet": "depth=10,width=4,widen=2",
    "normalizer_free": "depth=8,width=8",
    "vgg": "depth=6,width=8",
    "cfg": "depth=10,width=8",
    "all_convolutional": "width=8",
    "deep_linear": "depth=3,width=8",
    "vit": "depth=1,width=8,heads=2",
}
# Those whose every hidden linear layer is a unit.
UNITS = ("mlp", "plain", "resnet", "inception", "vgg", "cfg", "all_convolutional", "deep_linear")
SPECS = ("none", "batch", "layer", "group:groups=4", "instance", "rms")


def built(model: str, normalizer: str = "none") -> keras.Model:
    """A spec, or a name for the smallest of it."""
    spec = f"{model}:{SMALL[model]}" if model in SMALL else model
    return sizes.built(spec, normalizer, SHAPE, CLASSES)


def linear_layers(model: keras.Model) -> list[keras.layers.Layer]:
    kinds = keras.layers.Dense, keras.layers.Conv2D
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def images(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("model", UNITS)
def test_every_model_runs_with_every_scheme(model: str, spec: str):
    network = built(model, spec)
    logits = keras.ops.convert_to_numpy(network(images(), training=False))
    assert logits.shape == (3, CLASSES)
    assert np.isfinite(logits).all()
    *hidden, head = linear_layers(network)
    name = keras_norms.get(spec).name
    normalizers = [layer for layer in network.layers if "normalization" in layer.name]
    assert len(normalizers) == (0 if name == "none" else len(hidden))
    assert head.use_bias
    if name == "none":
        assert all(layer.use_bias for layer in hidden)
    if name == "batch":
        assert not any(layer.use_bias for layer in hidden)


@pytest.mark.parametrize("spec", ["none", "batch", "rms"])
@pytest.mark.parametrize("model", [name for name in SMALL if name not in UNITS])
def test_those_of_other_shapes_run_with_schemes(model: str, spec: str):
    network = built(model, spec)
    logits = keras.ops.convert_to_numpy(network(images(), training=False))
    assert logits.shape == (3, CLASSES)
    assert np.isfinite(logits).all()


@pytest.mark.full
@pytest.mark.once
@pytest.mark.parametrize("model", SMALL)
def test_a_model_saves_and_loads(model: str, tmp_path: Path):
    network = built(model, "group:groups=4")
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    one, other = (keras.ops.convert_to_numpy(net(images())) for net in (network, again))
    np.testing.assert_array_equal(one, other)


@pytest.mark.once
@pytest.mark.parametrize("model", ["resnet", "inception"])
def test_groups_that_do_not_divide_the_width_are_refused(model: str):
    with pytest.raises(BadInput, match=r"width=6.* with normalizer='group:groups=4'.*4.*6"):
        built(f"{model}:depth=8,width=6", "group:groups=4")


def test_the_scaled_relu_stands_in_the_activations_place():
    """The only one that is no activation of Keras: standard normal in, mean 0 and variance 1."""
    network = built("resnet:depth=8,width=8,activation=scaled_relu", "weight:gain_initializer=ones")
    found = [layer for layer in network.layers if isinstance(layer, keras.layers.Activation)]
    assert len(found) == 7
    x = np.random.default_rng(0).normal(size=(200, 200)).astype(np.float32)
    for layer in found:
        y = keras.ops.convert_to_numpy(layer(x))
        np.testing.assert_allclose([y.mean(), y.var()], [0, 1], atol=0.03)
        np.testing.assert_allclose(y - y.min(), np.maximum(x, 0) * 1.7128586, atol=1e-5)
