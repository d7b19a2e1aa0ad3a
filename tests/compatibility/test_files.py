"""What earlier versions saved goes on loading, and gives what it gave then."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_norms

pytestmark = pytest.mark.full  # a model with forty branches

VERSIONS = sorted(folder.name for folder in Path(__file__).parent.glob("v*"))
# Convolutions and cubic statistics add up in other orders on other backends.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(scope="module", params=VERSIONS)
def folder(request) -> Path:
    return Path(__file__).parent / request.param


@pytest.fixture(scope="module")
def known(folder) -> dict:
    return json.loads((folder / "known.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def loaded(folder) -> keras.Model:
    return keras.models.load_model(folder / "model.keras")


def outputs(model, folder):
    with np.load(folder / "expected.npz") as expected:
        wanted = dict(expected)
    return model.predict(wanted.pop("inputs"), verbose=0), wanted


def check(model, folder):
    got, wanted = outputs(model, folder)
    assert got.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_allclose(got[name], value, err_msg=name, **CLOSE)


def test_there_is_a_version():
    assert VERSIONS


def test_a_model(loaded, folder):
    check(loaded, folder)


def test_the_optimizer_goes_on_where_it_stood(loaded):
    assert isinstance(loaded.optimizer, keras_norms.normfree.AdaptiveGradientClipping)
    assert int(loaded.optimizer.iterations) == 1
    moments = [v for v in loaded.optimizer.variables if "momentum" in v.path]
    assert moments
    assert any(np.any(v.numpy()) for v in moments)


def test_a_weights_file(loaded, folder):
    model = keras.models.clone_model(loaded)
    model.load_weights(folder / "model.weights.h5")
    check(model, folder)


def test_specs_and_schemes(known):
    for spec in (*known["specs"].values(), *known["schemes"]):
        unit = keras_norms.get(spec)(keras.layers.Conv2D(4, 2, padding="same"), "relu")
        assert unit(keras.Input((4, 4, 4))).shape == (None, 4, 4, 4)


def form(value):
    """A number, flag or name as it is saved; of an object, what it is."""
    return {"class_name": value["class_name"]} if isinstance(value, dict) else value


def test_configurations_of_layers(known):
    assert len(known["layers"]) > 30
    for config in known["layers"]:
        layer = keras.saving.deserialize_keras_object(config)
        kept = layer.get_config()
        saved = config["config"]
        # Keras may write its own objects in other words; what they are is kept.
        assert {name: form(kept[name]) for name in saved} == {
            name: form(value) for name, value in saved.items()
        }


def test_every_weight_of_the_file_is_read(loaded, folder):
    """A renamed weight would start anew, in silence where only its output tells."""
    got, _ = outputs(loaded, folder)
    for layer in loaded.layers:
        for weight in layer.weights:
            weight.assign(weight.value * 0 + 0.5)
    loaded.load_weights(folder / "model.weights.h5")
    again, _ = outputs(loaded, folder)
    for name, value in got.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)
