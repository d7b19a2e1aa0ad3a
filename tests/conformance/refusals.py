"""Bad input: one error that names the argument and the value."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw


class Refusals:
    case: Case

    def refuse(self, settings, *words):
        with pytest.raises((ValueError, TypeError)) as error:
            self.case.make(**settings)(draw(SHAPE), training=True)
        for word in words:
            assert word in str(error.value)

    @pytest.mark.parametrize("axis", [3, -4, 17])
    def test_an_axis_out_of_range(self, axis):
        self.refuse({"axis": axis}, "axis", str(axis))
        with pytest.raises(ValueError, match="axis"):
            self.case.make(axis=axis).compute_output_shape(SHAPE)

    @pytest.mark.parametrize("axis", [1.5, "channels", None])
    def test_an_axis_that_is_no_number(self, axis):
        self.refuse({"axis": axis}, "axis", str(axis))

    @pytest.mark.parametrize("epsilon", [-1e-3, float("nan"), "small"])
    def test_a_wrong_epsilon(self, epsilon):
        self.refuse({"epsilon": epsilon}, "epsilon", str(epsilon))

    def test_wrong_axes(self):
        if not self.case.several_axes:
            self.refuse({"axis": [1, 2]}, "axis", "[1, 2]")
        else:
            self.refuse({"axis": [1, -2]}, "axis", "[1, -2]")
            self.refuse({"axis": []}, "axis", "[]")
            self.refuse({"axis": [1, 5]}, "axis", "5")

    def test_an_undefined_channel_dimension(self):
        with pytest.raises(ValueError, match="axis") as error:
            self.case.make()(keras.Input((5, None)))
        assert "None" in str(error.value)

    def test_complex_inputs(self):
        with pytest.raises((ValueError, TypeError), match="complex"):
            self.case.make()(draw(SHAPE).astype(np.complex64))

    def test_an_unknown_argument(self):
        self.refuse({"epsilom": 1.0}, "epsilom")

    def test_wrong_arguments_of_its_own(self):
        for settings, words in self.case.refusals:
            self.refuse(settings, *words.split())
