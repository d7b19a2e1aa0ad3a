"""Optuna's own tests of a sampler: all parameters but the learning rate are handed on."""

from __future__ import annotations

from collections.abc import Callable

import optuna
import pytest
from optuna.testing.pytest_samplers import BasicSamplerTestCase, MultiObjectiveSamplerTestCase

from keras_norms.lab.edges.sampler import ThresholdSampler

pytestmark = pytest.mark.once


class TestThresholdSampler(BasicSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self) -> Callable[[], optuna.samplers.BaseSampler]:
        return ThresholdSampler
