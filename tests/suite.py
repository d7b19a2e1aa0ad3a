"""The conformance suite: what every normalizer must do, whatever its paper.

A test file gives its layer's `Case` and inherits the rest:

    class TestGroupNormalization(NormalizerSuite):
        case = Case(layer=GroupNormalization, oracle=group, examples=...)
"""

from __future__ import annotations

import pytest

from tests.conformance.case import Case
from tests.conformance.exports import Exports
from tests.conformance.masks import Masks
from tests.conformance.numerics import Numerics
from tests.conformance.precision import Precision
from tests.conformance.programs import Programs
from tests.conformance.refusals import Refusals
from tests.conformance.saving import Saving
from tests.conformance.shapes import Shapes
from tests.conformance.tensors import Tensors
from tests.conformance.training import Training
from tests.gradients import MODES

__all__ = ["Case", "NormalizerSuite"]


class NormalizerSuite(
    Numerics, Precision, Shapes, Masks, Saving, Training, Refusals, Tensors, Programs, Exports
):
    """Inherit with a `case`; `mode` and `example` arguments of tests are filled in here."""

    case: Case

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        named = [str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize")]
        if "mode" in metafunc.fixturenames and not any("mode" in names for names in named):
            metafunc.parametrize("mode", MODES)
        if "example" in metafunc.fixturenames:
            metafunc.parametrize("example", self.case.examples, ids=_label)


def _label(example: tuple) -> str:
    settings, shape = example
    said = ",".join(f"{name}={value}" for name, value in settings.items())
    return "x".join(map(str, shape)) + ("," + said if said else "")
