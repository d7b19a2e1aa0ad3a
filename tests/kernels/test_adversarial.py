"""Inputs made to break a shift that is taken from a sample, against float64."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.conformance.case import draw, relative
from tests.gradients import EVERY_MODE
from tests.kernels.family import FAMILY, step, truth
from tests.oracles.arrays import slope

# The sampled slices are 0 and 64: no other length has so small a share, a 64th, in the sample.
LONG = 128
# The small ones are summed by reductions, the large (2**16 values at least) by matrix products.
SHAPES = {
    1: {"small": (2, LONG, 2, 6), "large": (6, LONG, 16, 6)},
    -1: {"small": (9, 2, LONG), "large": (64, 9, LONG)},
}
# The library's bound wherever the sample lies within a deviation or two of the mean.
LIMIT = 2e-5
# A sample of a 64th of the values can lie sqrt(63) deviations off, so that E[z^2] - E[z]^2 cancels
# 64-fold and no more. That multiplies the errors of the two sums, of some 1e-6 where thousands of
# values are added in their order. (The same where one enormous value comes first: all that are
# added to it are rounded by its spacing.)
WORST = 64 * 1.5e-6


def limit(kind):
    return WORST if kind.startswith("sampled") or kind == "outlier first" else LIMIT


def around(noise, member, *, sampled, others):
    """Noise around one level in the sampled slices and around another elsewhere."""
    x = np.moveaxis(noise + np.float32(others), member.along, 0)
    x[::64] += np.float32(sampled) - np.float32(others)
    return np.moveaxis(x, 0, member.along)


def still(noise, member):
    """The sampled slices exactly zero, the rest at 1e4 plus noise."""
    x = np.moveaxis(noise + np.float32(1e4), member.along, 0)
    x[::64] = 0
    return np.moveaxis(x, 0, member.along)


def outlier(noise, member, at):
    x = np.moveaxis(noise.copy(), member.along, 0)
    x[(at, *(size // 2 for size in x.shape[1:]))] = 1e6
    return np.moveaxis(x, 0, member.along)


def first(noise, member):
    """The very first value of each statistic: were the shift this alone, n-fold cancellation."""
    x = noise.copy()
    x[{"batch space": (0, 0, 0), "channels": (..., 0)}.get(member.reduced, np.s_[:, 0, 0])] = 1e6
    return x


def signs(noise, member, period):
    x = np.moveaxis(noise.copy(), member.along, 0)
    x += 1e4 * (-1.0) ** (np.arange(LONG) // period).reshape(-1, *[1] * (x.ndim - 1))
    return np.moveaxis(x, 0, member.along)


INPUTS = {
    "sampled zero": still,
    "sampled far": lambda x, m: around(x, m, sampled=1e4, others=0),
    "sampled far below": lambda x, m: around(x, m, sampled=-1e4, others=1e4),
    "outlier first": first,
    "outlier at 0": lambda x, m: outlier(x, m, 0),
    "outlier at 1": lambda x, m: outlier(x, m, 1),
    "outlier at 64": lambda x, m: outlier(x, m, 64),
    "outlier at 127": lambda x, m: outlier(x, m, 127),
    "alternating signs": lambda x, m: signs(x, m, 1),
    "blocks of signs": lambda x, m: signs(x, m, 64),
    # Each group of three channels holds means of all three kinds.
    "means of channels": lambda x, m: x + np.resize([0, 1e3, -1e4], x.shape[-1]).astype(np.float32),
    # What looks at the statistics first may take a near mean for zero, or all means for near ones.
    **{f"mean {n}": lambda x, m, n=n: x + np.float32(n) for n in (3.5, -4.5, 50, 1e3, 1e4)},
    "one example at 1e4": lambda x, m: np.concatenate([x[:1] + np.float32(1e4), x[1:]]),
    "sampled one far": lambda x, m: np.concatenate([x[:, :1] + np.float32(1e4), x[:, 1:]], 1),
    "one channel at 1e4": lambda x, m: np.concatenate(
        [x[..., :1] + np.float32(1e4), x[..., 1:]], -1
    ),
    "deviation 1e10": lambda x, m: x * np.float32(1e10),
    "1e-2 around 10": lambda x, m: 10 + x * np.float32(1e-2),
}


@cache
def example(name, kind, size):
    """Inputs, an output gradient and what float64 makes of them, the same in every mode."""
    member = FAMILY[name]
    shape = SHAPES[member.along][size]
    x, dy = INPUTS[kind](draw(shape, 1, mean=0.0), member), draw(shape, 2, mean=0.0)
    _, weights, epsilon = step(name, EVERY_MODE[0], shape[-1])
    return x, dy, *truth(name, x, dy, weights, epsilon)


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("kind", INPUTS)
def test_output_and_gradient(kind, name, size, mode):
    x, dy, y, dx = example(name, kind, size)
    got = step(name, mode, x.shape[-1])[0](x, dy)
    errors = relative(got.output, y), relative(got.inputs, dx)
    assert np.max(errors) <= limit(kind), errors


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("deviation", [1e-40, 1e-20])
def test_denormals_and_tiny_deviations(deviation, name, mode):
    """Their squares are zero in float32: epsilon alone divides, as it does in the oracle."""
    shape = SHAPES[FAMILY[name].along]["small"]
    x, dy = draw(shape, 1, mean=0.0) * np.float32(deviation), draw(shape, 2, mean=0.0)
    run, weights, epsilon = step(name, mode, shape[-1])
    got, (y, dx) = run(x, dy), truth(name, x, dy, weights, epsilon)
    np.testing.assert_allclose(got.output, y, atol=1e-12, rtol=1e-6)
    assert relative(got.inputs, dx) <= LIMIT


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("name", [name for name in FAMILY if name not in ("rms", "evonorm")])
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, -3.7, 12345.67, 3e8, 1e30])
def test_constants_give_beta(value, name, mode):
    """Less its first value a constant is zero; where none is subtracted, near zero."""
    shape = SHAPES[FAMILY[name].along]["small"]
    run, weights, _ = step(name, mode, shape[-1])
    got = run(np.full(shape, value, np.float32), draw(shape, 2))
    np.testing.assert_allclose(got.output, np.broadcast_to(weights["beta"], shape), atol=1e-5)
    assert np.isfinite(got.inputs).all()


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("value", [1.0, -3.7, 12345.67, 3e8, 1e18])
def test_constants_without_a_centre_give_their_sign(value, mode):
    shape = SHAPES[-1]["small"]
    run, weights, _ = step("rms", mode, shape[-1])
    got = run(np.full(shape, value, np.float32), draw(shape, 2))
    wanted = np.broadcast_to(weights["scale"] * np.sign(value), shape)
    np.testing.assert_allclose(got.output, wanted, rtol=2e-6)
    assert np.isfinite(got.inputs).all()


@pytest.mark.once
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", FAMILY)
def test_the_closed_gradient_is_the_slope(name, masked):
    """The truth of these tests against central differences of the oracles."""
    if masked and FAMILY[name].own:
        pytest.skip("its closed gradient has no mask")
    shape = (2, 3, 2, 4) if FAMILY[name].along == 1 else (2, 3, 4)
    x, dy = (draw(shape, seed).astype("float64") for seed in (1, 2))
    mask = np.random.default_rng(0).random(shape) < 0.7 if masked else None
    _, weights, epsilon = step(name, EVERY_MODE[0], 4)
    wanted = slope(lambda v: (truth(name, v, dy, weights, epsilon, mask)[0] * dy).sum(), x, 1e-5)
    got = truth(name, x, dy, weights, epsilon, mask)[1]
    np.testing.assert_allclose(got, wanted, atol=1e-7)
