"""Keras's own tests of spectral normalization, unmodified, on ours."""

from __future__ import annotations

import importlib
import unittest

import pytest
from keras.src import layers as layers_of_keras

from keras_norms.weights import SpectralNormalization

pytest.importorskip("absl.testing")
MASKS = "masks pass where the wrapped layer lets them pass"
# Where ours is meant to be another, and why.
DIFFERENT = {
    "test_basic_spectralnorm": MASKS,
    "test_spectralnorm_higher_dim": MASKS,
    "test_apply_layer": "inference normalizes too, before any training",
}
CASES = {
    "spectral_normalization_test.SpectralNormalizationTest": SpectralNormalization,
}


def of_keras():
    for name, kind in CASES.items():
        module, case = name.split(".")
        case = getattr(importlib.import_module(f"keras.src.layers.normalization.{module}"), case)
        for test in unittest.TestLoader().getTestCaseNames(case):
            yield pytest.param(kind, case, test, id=f"{kind.__name__}-{test}")


@pytest.mark.parametrize(("kind", "case", "test"), of_keras())
def test_of_keras(kind, case, test, monkeypatch):
    monkeypatch.setattr(layers_of_keras, kind.__name__, kind)
    result = unittest.TestResult()
    case(test).run(result)
    said = "\n".join(text for _, text in [*result.failures, *result.errors])
    if test in DIFFERENT:
        assert "supports_masking" in said if DIFFERENT[test] is MASKS else "2.0 (ACTUAL)" in said
    else:
        assert not said, said
        assert result.testsRun == 1
