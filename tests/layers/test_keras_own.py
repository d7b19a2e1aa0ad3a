"""Keras's own tests of its normalization layers, unmodified, on those that take their place."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import types
import unittest
from pathlib import Path

import keras
import pytest

from keras_norms import layers

HERE = Path(inspect.getfile(keras.layers.BatchNormalization)).parent
KINDS = ("batch", "group", "layer", "rms", "unit")


def _namespace() -> types.SimpleNamespace:
    """Keras's layers, and ours under the names that they share."""
    ours = {name: kind for name, kind in vars(layers).items() if hasattr(keras.layers, name)}
    return types.SimpleNamespace(**{**vars(keras.layers), **ours})


def _load(kind: str) -> dict[str, type[unittest.TestCase]]:
    """The test classes of Keras's file, in which `layers` means ours."""
    name = f"keras_own_{kind}_normalization_test"
    found = importlib.util.spec_from_file_location(name, HERE / f"{kind}_normalization_test.py")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    module.layers = _namespace()
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, unittest.TestCase)
    }


for kind in KINDS:
    if (HERE / f"{kind}_normalization_test.py").exists():
        globals().update(_load(kind))


def test_keras_brings_its_tests():
    """They lie beside its layers; a distribution without them has nothing to run here."""
    missing = [kind for kind in KINDS if not (HERE / f"{kind}_normalization_test.py").exists()]
    if missing:
        pytest.skip(f"this Keras has no tests of {', '.join(missing)}")


def test_names_that_keras_has_take_its_place():
    assert _namespace().BatchNormalization is layers.BatchNormalization
    assert _namespace().Dense is keras.layers.Dense
