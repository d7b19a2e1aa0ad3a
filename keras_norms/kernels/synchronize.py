"""Statistics over all replicas of a distribution, as one device has them of the joined batch.

Outside of a distribution, and where one array lies on several devices (JAX), everything here gives
back what it is given.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_norms.kernels.native import native
from keras_norms.kernels.statistics import Moments, pooled

Tensor = Any


def gathered(x: Tensor) -> Tensor:
    """The `x` of every replica, along a new leading axis.

    Gradient: each replica gets that of its own part, summed over the losses of all replicas.
    """
    number = native.replicas(x)
    if number == 1:
        return ops.expand_dims(x, 0)
    # One among zeros and a sum, which every kind of distribution has, and which rounds nothing.
    own = ops.equal(ops.arange(number), native.replica())
    own = ops.reshape(own, (number, *[1] * len(x.shape)))
    return native.all_sum(ops.where(own, ops.expand_dims(x, 0), 0))


def summed(*tensors: Tensor) -> list[Tensor]:
    """Each tensor, all of one shape, summed over the replicas; one message for them together."""
    if native.replicas(tensors[0]) == 1:
        return list(tensors)
    return ops.unstack(native.all_sum(ops.stack(tensors)))


def joined(statistics: Moments) -> Moments:
    """The moments of the joined batch, equal on all replicas, from those of each replica.

    Merged as counts, means and squared deviations, since replicas may see differently many values.
    Means are compared shift with shift: exact, however large they are.
    """
    if native.replicas(statistics.variance) == 1:
        return statistics
    shape = ops.shape(statistics.variance)
    parts = gathered(ops.stack([ops.broadcast_to(value, shape) for value in statistics]))
    merged = pooled(Moments(*ops.unstack(parts, axis=1)), (0,))
    return Moments(*(value[0] for value in merged))
