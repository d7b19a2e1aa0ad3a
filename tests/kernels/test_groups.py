"""Statistics of groups of channels, which no tensor of full size is reshaped for."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from keras_norms.kernels import Groups, moments
from keras_norms.layers import GroupNormalization
from tests.conformance.case import draw, relative
from tests.gradients import EVERY_MODE, array, program, randomize
from tests.kernels.family import gradient
from tests.oracles.group import group

LIMIT = 2e-5
PLACES = [((4, 6), 1), ((6, 5), 0), ((3, 1, 1, 12), 3), ((3, 12, 1, 1), 1), ((2, 3, 8, 2, 2), 2)]


def parted(x, axis, number):
    return x.reshape(*x.shape[:axis], number, -1, *x.shape[axis + 1 :])


@pytest.mark.parametrize("number", [1, 2, None])
@pytest.mark.parametrize(("shape", "axis"), PLACES)
def test_total_first_and_size(shape, axis, number):
    groups, x = Groups(axis, number or shape[axis]), draw(shape)
    apart = parted(x.astype("float64"), axis, groups.number)
    size = apart.shape[axis + 1]
    for got, wanted in (
        (groups.total(ops.convert_to_tensor(x)), apart.sum(axis + 1)),
        (groups.first(ops.convert_to_tensor(x)), apart.take(0, axis + 1)),
    ):
        assert tuple(got.shape) == shape
        np.testing.assert_allclose(array(got), wanted.repeat(size, axis), atol=2e-6)
    assert groups.size(x) == size


def test_large_groups():
    x = draw((2, 600))
    got = array(Groups(1, 2).total(ops.convert_to_tensor(x)))
    wanted = x.astype("float64").reshape(2, 2, 300).sum(2).repeat(300, 1)
    np.testing.assert_allclose(got, wanted, atol=1e-4)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(("shape", "axis"), PLACES)
def test_what_is_not_finite_stays_in_its_group(shape, axis, value):
    groups, x = Groups(axis, 2), draw(shape)
    first = (0,) * len(shape)
    x[first] = value
    for got in (groups.total, groups.first):
        broken = ~np.isfinite(array(got(ops.convert_to_tensor(x))))
        assert broken[first]
        assert not np.delete(broken, range(shape[axis] // 2), axis).any()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("number", [1, 3, 6])
@pytest.mark.parametrize(
    ("shape", "axis", "axes"),
    [((5, 6), 1, ()), ((4, 150, 6), 2, (1,)), ((3, 6, 70, 2), 1, (2, 3)), ((9, 6, 4), 1, (0, 2))],
)
def test_moments_are_those_of_the_reshaped_tensor(shape, axis, axes, number, masked):
    x = draw(shape, mean=1e4)
    mask = np.random.default_rng(1).random(shape) < 0.8 if masked else None
    got = moments(
        ops.convert_to_tensor(x),
        axes,
        None if mask is None else ops.convert_to_tensor(mask),
        Groups(axis, number),
    )
    over = (*(a + (a > axis) for a in axes), axis + 1)
    seen = parted(np.ones(shape, bool) if mask is None else mask, axis, number)
    count = seen.sum(over, keepdims=True)
    seen = seen | (count == 0)  # a group that is hidden whole is computed from all of it
    apart, used = parted(x.astype("float64"), axis, number), seen.sum(over, keepdims=True)
    mean = np.where(seen, apart, 0).sum(over, keepdims=True) / used
    variance = (np.where(seen, apart - mean, 0) ** 2).sum(over, keepdims=True) / used
    kept = [1 if a in axes else n for a, n in enumerate(shape)]

    def laid_out(value):  # one for each slice, equal within a group
        return value.squeeze(axis + 1).repeat(shape[axis] // number, axis).reshape(kept)

    scale = np.sqrt(variance.mean()) + 1e-3
    centre = np.float64(array(got.shift)) - laid_out(mean) + array(got.offset)
    assert np.abs(centre).max() <= LIMIT * scale  # the two numbers of a mean that is exact
    np.testing.assert_allclose(array(got.variance), laid_out(variance), rtol=LIMIT, atol=1e-7)
    np.testing.assert_array_equal(
        np.broadcast_to(array(got.count), kept), laid_out(np.broadcast_to(count, mean.shape))
    )


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("groups", [1, 3, 12])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((5, 12), -1),
        ((4, 70, 12), -1),
        ((4, 12, 70), 1),
        ((2, 66, 3, 12), -1),
        ((2, 12, 3, 66), 1),
        ((2, 3, 12, 5), 2),
        ((2, 66, 2, 2, 12), -1),
        ((2, 12, 2, 66, 2), 1),
        ((8, 32, 32, 12), -1),  # 2**16 values and more
        ((8, 12, 32, 32), 1),
    ],
)
def test_output_and_gradients_at_a_large_mean(shape, axis, groups, mode):
    x, dy = draw(shape, 1, mean=1e4), draw(shape, 2, mean=0.0)
    made = GroupNormalization(groups, axis=axis)
    made.build(shape)
    weights = randomize(made)
    got = program(made, mode)(x, dy)
    gamma = weights["gamma"].reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    over = tuple(a + (a > axis % x.ndim) for a in range(1, x.ndim) if a != axis % x.ndim)
    over += (axis % x.ndim + 1,)
    apart, g = (parted(v, axis % x.ndim, groups) for v in (x.astype("f8"), dy * gamma))
    dx = gradient(apart, g, over, made.epsilon, np.ones(apart.shape, bool), True).reshape(shape)
    normalized = group(x.astype("f8"), groups=groups, axis=axis)
    rest = tuple(a for a in range(x.ndim) if a != axis % x.ndim)
    wanted = group(x.astype("f8"), weights["gamma"], weights["beta"], groups=groups, axis=axis)
    assert relative(got.output, wanted) <= LIMIT
    for found, true, terms in (
        (got.inputs, dx, dy * gamma),
        (got.weights["gamma"], (dy * normalized).sum(rest), dy),
        (got.weights["beta"], dy.sum(rest), dy),
    ):
        # Where a group is one value its gradient is zero: what is left is a rounding of the terms.
        error = np.sqrt(np.mean(np.square(found - true)))
        size = max(np.sqrt(np.mean(np.square(v))) for v in (true, terms))
        assert error <= LIMIT * size
