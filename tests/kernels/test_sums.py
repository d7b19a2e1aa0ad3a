"""`total` of each backend against NumPy, whichever way of summing it chooses."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_norms.kernels.native import native
from tests.conformance.case import draw
from tests.gradients import BACKEND, EVERY_MODE, array, double

SMALL = [(7,), (5, 6), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 4)]
LARGE = [(70001,), (300, 250), (9, 100, 80), (8, 33, 16, 17), (3, 9, 12, 10, 23)]  # 2**16 or more
# Of the sum of the absolute values: a random walk of the roundings of 25000 additions in a row,
# where the worst order would have all of them.
LIMIT = {"float32": 4e-6, "float64": 1e-14}


def subsets(rank):
    axes = range(rank)
    return [s for size in range(rank + 1) for s in itertools.combinations(axes, size)]


def weights(shape, axes):
    """None, and one that varies along all that is reduced, along all that is kept, along both."""
    reduced = tuple(n if axis in axes else 1 for axis, n in enumerate(shape))
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    sizes = (reduced, shape) if len(axes) == len(shape) else (reduced, kept, shape)
    return [None, *(draw(size, 3) for size in dict.fromkeys(sizes))]


def compiled(function, mode):
    """One program for many sums: to compile each alone would take minutes."""
    if mode in ("graph", "xla"):
        import tensorflow as tf

        return tf.function(function, jit_compile=mode == "xla", autograph=False)
    if mode == "jit":
        import jax

        return jax.jit(function)
    return function


def check(x, asked, mode, dtype="float32"):
    """Every `(axes, weight)` that is asked for."""

    def totals(x, given):
        return [native.total(x, axes, w) for (axes, _), w in zip(asked, given, strict=True)]

    given = [None if w is None else ops.convert_to_tensor(w.astype(dtype)) for _, w in asked]
    found = compiled(totals, mode)(ops.convert_to_tensor(x.astype(dtype)), given)
    for (axes, weight), got in zip(asked, found, strict=True):
        terms = x.astype("float64") * (1.0 if weight is None else weight)
        wanted, size = (np.sum(v, axes, keepdims=True) for v in (terms, np.abs(terms)))
        said = f"{x.shape} over {axes}, weight {None if weight is None else weight.shape}"
        assert tuple(got.shape) == wanted.shape, said
        assert keras.backend.standardize_dtype(got.dtype) == dtype, said
        error = np.abs(array(got) - wanted) / np.where(size == 0, 1.0, size)
        assert error.max(initial=0.0) <= LIMIT[dtype], (said, error.max(initial=0.0))


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("shape", SMALL + LARGE, ids=str)
def test_every_subset_of_axes(shape, mode):
    check(draw(shape, mean=1.0), [(axes, None) for axes in subsets(len(shape))], mode)


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("shape", SMALL + LARGE, ids=str)
def test_weights(shape, mode):
    asked = [(axes, w) for axes in subsets(len(shape)) for w in weights(shape, axes)[1:]]
    check(draw(shape), asked if len(shape) < 4 else asked[:: len(shape)], mode)


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 32, 1), (1, 1, 32)], ids=str)
def test_a_weight_that_broadcasts_along_a_reduced_axis(size):
    check(draw((70, 32, 32)), [((1, 2), draw(size))], EVERY_MODE[0])


@pytest.mark.parametrize("shape", SMALL + LARGE[1:4], ids=str)
def test_double_precision(shape):
    with double():
        asked = [(axes, w) for axes in subsets(len(shape)) for w in weights(shape, axes)[:2]]
        check(draw(shape).astype("float64"), asked, EVERY_MODE[0], "float64")


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("shape", [(0,), (0, 5), (4, 0), (0, 40, 50), (0, 64, 32, 3)], ids=str)
def test_no_values(shape, mode):
    """A sum of nothing is zero, and a sum within nothing is nothing."""
    check(draw(shape), [(axes, None) for axes in subsets(len(shape))], mode)


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("shape", [(1, 300, 250), (300, 250, 1), (1, 1, 70000), (1, 9, 100, 80)])
def test_axes_of_one(shape, mode):
    check(draw(shape), [(a, w) for a in subsets(len(shape)) for w in weights(shape, a)[:2]], mode)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow leaves sizes unknown")
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(
    ("signature", "shapes"),
    [
        ((None,), [(0,), (5,), (70001,)]),
        ((None, 8), [(0, 8), (5, 8), (9000, 8)]),
        ((None, 4096), [(0, 4096), (1, 4096), (17, 4096)]),
        ((None, 64, 64), [(0, 64, 64), (1, 64, 64), (17, 64, 64)]),
        ((None, None, None, 6), [(0, 3, 4, 6), (2, 3, 4, 6), (5, 40, 60, 6)]),
        ((None, 40, None, 60), [(2, 40, 1, 60), (1, 40, 30, 60)]),
        ((8, None, 256), [(8, 0, 256), (8, 3, 256), (8, 33, 256)]),
    ],
)
def test_unknown_sizes(signature, shapes, jit_compile):
    import tensorflow as tf

    asked = subsets(len(signature))

    @tf.function(
        input_signature=[tf.TensorSpec(signature)], jit_compile=jit_compile, autograph=False
    )
    def totals(x):
        return [native.total(x, axes) for axes in asked]

    for shape in shapes:
        x = draw(shape)
        for axes, got in zip(asked, totals(x), strict=True):
            wanted, size = (np.sum(v, axes, keepdims=True) for v in (x.astype("f8"), np.abs(x)))
            assert got.shape == wanted.shape, (shape, axes)
            assert (np.abs(got - wanted) <= LIMIT["float32"] * size).all(), (shape, axes)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow sums by products")
@pytest.mark.parametrize(
    ("shape", "axes", "weight", "product"),
    [
        ((64, 32, 32), (1,), None, True),
        ((64, 32, 32), (2,), (1, 1, 32), True),
        ((64, 32, 32), (0, 1), None, True),  # one after the other
        ((64, 32, 32), (1,), (64, 32, 1), False),  # a weight of each example is no vector
        ((64, 32, 32), (0, 2), (64, 1, 32), False),  # not neighbours
        ((8, 32, 32), (1,), None, False),  # small
    ],
)
def test_the_way_of_summing(shape, axes, weight, product):
    """So that the tests above see both: the operations of a graph say which it is."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("a GPU rounds the products of matrices")
    given = [tf.TensorSpec(shape)] + ([] if weight is None else [tf.TensorSpec(weight)])
    graph = tf.function(lambda x, w=None: native.total(x, axes, w)).get_concrete_function(*given)
    kinds = {operation.type for operation in graph.graph.get_operations()}
    assert bool(kinds & {"MatMul", "BatchMatMulV2"}) == product, kinds
