"""Large means, half precisions and every dtype policy."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache

import keras
import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw, relative
from tests.gradients import MODES, SWIFT, array, double, program, randomize
from tests.oracles.arrays import slope

LIMIT = 2e-5  # relative root mean square error in float32, at any mean
IMAGES = (3, 10, 10, 4)
SMALL = (3, 5, 5, 4)  # where the oracle is differentiated by each element
POLICIES = {  # absolute error of an output of deviation one
    "float16": 4e-3,
    "bfloat16": 3e-2,
    "float32": 1e-5,
    "float64": 1e-12,
    "mixed_float16": 4e-3,
    "mixed_bfloat16": 3e-2,
}
# Each in the swiftest mode, and in the others the one that overflows and keeps its weights whole.
HALVES = [(policy, SWIFT) for policy in POLICIES if policy.endswith("16")]
HALVES += [("mixed_float16", mode) for mode in MODES[1:]]


class Precision:
    case: Case

    @pytest.mark.full
    def test_any_mean(self, mode):
        layer = self.case.make()
        step = program(layer, mode, training=True)
        errors = {}
        for mean in (0.0, 1e2, 1e3, 1e4):
            x, dy, y, dx = _reference(self.case, mean)
            got = step(x, dy)
            errors[mean] = relative(got.output, y), relative(got.inputs, dx)
        assert np.max(list(errors.values())) <= LIMIT, errors

    def test_outliers(self, mode):
        """Whatever is sampled for a shift may lie far from everything else."""
        x = draw(IMAGES)
        x[0] += 1e4
        x[:, 0] += 1e4
        x[..., 0] += 1e4
        layer = self.case.make()
        got = program(layer, mode, training=True)(x, None).output
        assert relative(got, self.case.truth(layer, x)) <= LIMIT

    def test_double_precision_stays_double(self):
        with double():
            layer, x = self.case.make(dtype="float64"), draw(SHAPE).astype("float64") + 1e4
            assert relative(array(layer(x, training=True)), self.case.truth(layer, x)) < 1e-11

    @pytest.mark.parametrize("policy", POLICIES)
    def test_policies(self, policy):
        with double() if policy == "float64" else nullcontext():
            layer = self.case.make(dtype=policy)
            layer.build(SHAPE)
            weights = randomize(layer)
            x = keras.ops.cast(draw(SHAPE), layer.compute_dtype)
            got = layer(x, training=True)
            assert keras.backend.standardize_dtype(got.dtype) == layer.compute_dtype
            kept = [v for v in layer.variables if v.name not in self.case.counters]
            assert {v.dtype for v in kept} <= {layer.variable_dtype}
            wanted = self.case.truth(layer, array(x), weights)
            scale = max(1.0, np.abs(wanted).max())
            np.testing.assert_allclose(array(got), wanted, atol=POLICIES[policy] * scale)
            step = program(layer, training=True)(x, draw(SHAPE))
            assert all(np.isfinite(g).all() for g in (step.inputs, *step.weights.values()))

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_only_the_output_is_rounded(self, policy):
        """Around 1e4 the numbers of float16 are 8 apart, which leaves nothing to normalize."""
        layer, x = self.case.make(dtype=policy), draw(SHAPE, mean=1e4)
        got, wanted = array(layer(x, training=True)), self.case.truth(layer, x)
        limit = POLICIES[policy] * max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(got, wanted, atol=limit)

    @pytest.mark.parametrize(("policy", "mode"), HALVES)
    def test_half_precision_up_to_the_largest_numbers(self, policy, mode):
        """3e4 squared overflows float16; the sum of 3e4 does too."""
        layer = self.case.make(dtype=policy)
        step = program(layer, mode, training=True)
        spread = np.random.default_rng(0).uniform(-3e4, 3e4, IMAGES)
        for values in (spread, np.abs(spread) / 3 + 2e4, np.full(IMAGES, 3e4)):
            x = keras.ops.cast(values.astype("float32"), layer.compute_dtype)
            got = step(x, draw(IMAGES))
            wanted = self.case.truth(layer, array(x))
            scale = max(1.0, np.abs(wanted).max())
            np.testing.assert_allclose(got.output, wanted, atol=POLICIES[policy] * scale)
            assert np.isfinite(got.inputs).all()


@cache
def _reference(case: Case, mean: float) -> tuple[np.ndarray, ...]:
    """Inputs of that mean and an output gradient, then what the oracle makes of them."""
    layer, x, dy = case.make(), draw(SMALL, 1, mean), draw(SMALL, 2, 0.0)
    dx = slope(lambda v: float((case.truth(layer, v) * dy).sum()), x, 1e-4)
    return x, dy, case.truth(layer, x), dx
