"""No normalizer without a conformance suite."""

from __future__ import annotations

import importlib
from pathlib import Path

import keras_norms
from keras_norms import layers, schemes, weights
from tests.reparameterization_suite import ReparameterizationSuite
from tests.suite import NormalizerSuite

# One holds the linear layer as well, one is the activation of its neighbour, one has its scale and
# shift as inputs: see their test files.
APART = {
    layers.AdaptiveNormalization,
    layers.CrossIterationBatchNormalization,
    layers.ThresholdedLinearUnit,
}


def covered():
    """The classes that a test file runs a suite on."""
    for folder in ("layers", "weights"):
        for file in (Path(__file__).parent.parent / folder).glob("test_*.py"):
            importlib.import_module(f"tests.{folder}.{file.stem}")
    return {
        *(suite.case.layer for suite in NormalizerSuite.__subclasses__()),
        *(suite.kind for suite in ReparameterizationSuite.__subclasses__()),
        *APART,
    }


def test_every_registered_normalizer_passes_a_suite():
    registered = {schemes.normalizer_class(name) for name in keras_norms.names()} - {None}
    assert registered <= covered()


def test_every_public_layer_passes_a_suite():
    names = [value for room in (layers, weights) for value in vars(room).values()]
    public = {value for value in names if isinstance(value, type)}
    assert public - {weights.Reparameterization} <= covered()


def test_every_suite_has_examples_of_rank_two_to_five():
    for suite in NormalizerSuite.__subclasses__():
        assert {len(shape) for _, shape in suite.case.examples} == {2, 3, 4, 5}, suite
