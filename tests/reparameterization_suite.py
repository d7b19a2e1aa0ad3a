"""The conformance suite of weight normalizers.

A test file gives its class and its oracle and inherits the rest:

    class TestWeightStandardization(ReparameterizationSuite):
        kind = WeightStandardization

        def truth(self, wrapper, name, kernel, fan, weights): ...
"""

from __future__ import annotations

import pytest

from tests.gradients import MODES
from tests.kernel_conformance.inner import Inner
from tests.kernel_conformance.linears import FEW, LINEARS
from tests.kernel_conformance.numerics import Numerics
from tests.kernel_conformance.saving import Saving
from tests.kernel_conformance.training import Training


class ReparameterizationSuite(Numerics, Saving, Training, Inner):
    """Inherit with `kind` and `truth`; `mode`, `linear` and `few` are filled in here."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "mode" in metafunc.fixturenames:
            metafunc.parametrize("mode", MODES)
        if "linear" in metafunc.fixturenames:
            metafunc.parametrize("linear", LINEARS)
        if "few" in metafunc.fixturenames:
            metafunc.parametrize("few", FEW)
