"""No normalizer without the conformance suite."""

from __future__ import annotations

import importlib
from pathlib import Path

import keras_norms
from keras_norms import layers, schemes
from tests.suite import NormalizerSuite


def covered():
    """The layer classes that a test file of this folder runs the suite on."""
    for file in Path(__file__).parent.glob("test_*.py"):
        importlib.import_module(f"tests.layers.{file.stem}")
    return {suite.case.layer for suite in NormalizerSuite.__subclasses__()}


def test_every_registered_normalizer_passes_the_suite():
    registered = {schemes.normalizer_class(name) for name in keras_norms.names()} - {None}
    assert registered <= covered()


def test_every_public_layer_passes_the_suite():
    public = {value for value in vars(layers).values() if isinstance(value, type)}
    assert public <= covered()


def test_every_suite_has_examples_of_rank_two_to_five():
    for suite in NormalizerSuite.__subclasses__():
        assert {len(shape) for _, shape in suite.case.examples} == {2, 3, 4, 5}, suite
