"""Each framework's own vectorization and forward differentiation go through every kernel."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.case import draw
from tests.gradients import BACKEND, array, double
from tests.kernels.family import FAMILY

# What remembers cannot be vectorized over inputs: every one would leave a memory of its own.
STATELESS = [name for name in FAMILY if "batch" not in FAMILY[name].reduced]
SHAPE = (2, 70, 4)


def made(name, dtype="float32"):
    layer = FAMILY[name].layer(**FAMILY[name].settings, dtype=dtype)
    layer.build(SHAPE)
    return layer


def vectorized(layer, x):
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.vectorized_map(layer, tf.constant(x))
    if BACKEND == "jax":
        import jax

        return jax.vmap(layer)(x)
    import torch

    return torch.func.vmap(layer)(torch.tensor(x))


def forward(layer, x, tangent):
    """The directional derivative."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.autodiff.ForwardAccumulator(x, tf.constant(tangent)) as accumulator:
            y = layer(x)
        return accumulator.jvp(y)
    if BACKEND == "jax":
        import jax

        return jax.jvp(layer, (x,), (tangent,))[1]
    import torch

    return torch.func.jvp(layer, (torch.tensor(x),), (torch.tensor(tangent),))[1]


@pytest.mark.parametrize("mean", [0.0, 1e3])
@pytest.mark.parametrize("name", STATELESS)
def test_vectorized(name, mean):
    layer, x = made(name), draw((3, *SHAPE), mean=mean)
    wanted = np.stack([array(layer(one)) for one in x])
    np.testing.assert_allclose(array(vectorized(layer, x)), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", STATELESS)
def test_forward_differentiation(name):
    with double():
        layer, x, tangent = made(name, "float64"), draw(SHAPE, 1), draw(SHAPE, 2)
        x, tangent = x.astype("float64"), tangent.astype("float64")
        above, below = (array(layer(x + step * tangent)) for step in (1e-5, -1e-5))
        wanted = (above - below) / 2e-5
        np.testing.assert_allclose(array(forward(layer, x, tangent)), wanted, rtol=1e-6, atol=1e-6)
