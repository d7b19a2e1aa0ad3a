"""Half precision around a mean where its numbers are 0.5 (float16) and 4 (bfloat16) apart."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.conformance.case import draw, relative
from tests.gradients import EVERY_MODE, array
from tests.kernels.family import FAMILY, step, truth
from tests.kernels.test_adversarial import INPUTS, SHAPES

# One rounding of the result, at most half the spacing of the numbers: the arithmetic is float32.
LIMITS = {"float16": 2**-11, "bfloat16": 2**-8}


def halved(values, policy):
    return keras.ops.cast(values.astype(np.float32), policy.removeprefix("mixed_"))


def check(values, name, policy, mode):
    x, dy = halved(values, policy), halved(draw(values.shape, 2, mean=0.0), policy)
    run, weights, epsilon = step(name, mode, values.shape[-1], policy)
    got, (y, dx) = run(x, dy), truth(name, array(x), array(dy), weights, epsilon)
    errors = relative(got.output, y), relative(got.inputs, dx)
    assert np.max(errors) <= LIMITS[policy.removeprefix("mixed_")], errors


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_a_mean_of_1e3(policy, name, mode):
    check(1e3 + 30 * draw(SHAPES[FAMILY[name].along]["small"], 1, 0.0), name, policy, mode)


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("policy", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["sampled zero", "sampled far", "blocks of signs"])
def test_samples_that_mislead(kind, policy, name, mode):
    """The float32 errors of these are far below one rounding. Scaled, as dx underflows else."""
    member = FAMILY[name]
    x = INPUTS[kind](draw(SHAPES[member.along]["small"], 1, 0.0), member)
    check(x * 1e-2, name, policy, mode)
