"""Names that Keras does not export: asked for in one file, and no accident where they are gone."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import keras_norms
from keras_norms.kernels import keras_internals
from tests.gradients import array

ROOT = Path(__file__).parent.parent.parent
NAMES = ("AutocastScope", "SafeModeScope", "get_global_attribute")


def test_no_other_file_asks_for_them():
    files = [
        f for room in ("keras_norms", "studies", "benchmarks") for f in (ROOT / room).rglob("*.py")
    ]
    found = {f.name for f in files if re.search(r"\bkeras\.src\b", f.read_text(encoding="utf-8"))}
    assert found == {Path(keras_internals.__file__).name}


@pytest.mark.parametrize("name", NAMES)
def test_this_version_of_keras_has_them(name):
    assert getattr(keras_internals, name).__module__.startswith("keras.src.")


def test_masks_of_symbolic_tensors():
    hidden = layers.Embedding(7, 4, mask_zero=True)(tokens := keras.Input((5,), dtype="int32"))
    assert keras_internals.keras_mask(hidden) is not None
    assert keras_internals.keras_mask(tokens) is None


@pytest.fixture
def without(monkeypatch):
    """The substitutes, in the places where the names are used."""

    def gone(name):
        raise ImportError(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib, "import_module", gone)
        importlib.reload(keras_internals)
    substitutes = {name: getattr(keras_internals, name) for name in NAMES}
    importlib.reload(keras_internals)
    users = {
        "AutocastScope": "weights.calling",
        "SafeModeScope": "surgery.copying",
        "get_global_attribute": "layers.recompilation",
    }
    for name, user in users.items():
        module = importlib.import_module(f"keras_norms.{user}")
        assert getattr(module, name) is not substitutes[name]
        monkeypatch.setattr(module, name, substitutes[name])


def test_without_them_layers_weights_and_surgery_still_work(without):
    x = np.random.default_rng(0).normal(3, 2, (16, 4)).astype("float32")
    hidden = keras_norms.get("ws+batch:momentum=0")(layers.Dense(5), "relu")(
        inputs := keras.Input((4,))
    )
    model = keras.Model(inputs, layers.Dense(2)(hidden))
    model.compile("sgd", "mse")
    model.fit(x, x[:, :2], verbose=0)
    copy, _ = keras_norms.recalibrate(model, x)
    assert np.isfinite(array(copy(x))).all()
