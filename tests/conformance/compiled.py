"""The smoke test under XLA: the kernels' own tests try it in full."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw, relative
from tests.gradients import EVERY_MODE, SWIFT, program, randomize


class Compiled:
    case: Case

    @pytest.mark.skipif(EVERY_MODE[-1] == SWIFT, reason="no other mode to compare with")
    def test_compiled_by_xla(self):
        """Around a large mean and behind a mask, beside the oracle and the swiftest mode."""
        mask = np.arange(5) < np.array([5, 3, 2, 4, 0, 3])[:, None]
        seen = np.broadcast_to(mask[..., None], SHAPE)
        x = np.where(seen, draw(SHAPE, mean=1e3), np.float32("nan"))
        dy = np.where(seen, draw(SHAPE, 2), np.float32(0))
        passes = []
        for mode in (EVERY_MODE[-1], SWIFT):
            layer = self.case.make()
            layer.build(SHAPE)
            weights = randomize(layer)
            passes.append(program(layer, mode, training=True)(x, dy, mask))
        got, wanted = passes
        truth = self.case.truth(layer, np.where(seen, x, 0), weights, seen)
        assert relative(got.output[mask], truth[mask]) <= 2e-5
        np.testing.assert_allclose(got.inputs, wanted.inputs, rtol=2e-5, atol=5e-5)
        for name, gradient in wanted.weights.items():
            np.testing.assert_allclose(
                got.weights[name], gradient, rtol=1e-4, atol=1e-4, err_msg=name
            )
        for name, value in wanted.state.items():
            np.testing.assert_allclose(got.state[name], value, rtol=1e-4, err_msg=name)
