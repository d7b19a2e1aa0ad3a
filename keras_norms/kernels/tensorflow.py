"""TensorFlow: the fused batch normalization where no XLA compiles, hand-written gradients."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from keras_norms.kernels.statistics import Moments, sample_mean, value_count

try:
    from tensorflow.python.eager.forwardprop_util import pack_tangents
except ImportError:  # a private name: without it forward mode ends in the sentence below
    pack_tangents = None

# A sum of fewer values is faster as a reduction than as a product; a batch of unknown size counts
# for this many examples.
LARGE = 2**16
TYPICAL_BATCH = 32

reshape = tf.reshape


def unfit(x: Any) -> str | None:
    """What `x` is, if not a dense tensor."""
    if isinstance(x, tf.Tensor | tf.Variable):
        return None
    return None if hasattr(x, "dtype") and not _apart(x) else f"a {type(x).__name__}"


def _apart(x: Any) -> bool:
    return isinstance(x, tf.SparseTensor | tf.RaggedTensor | tf.IndexedSlices)


def writes_gradients(*tensors: Any) -> bool:
    """Whether the gradient is written by hand: not where a tangent goes forward with a tensor."""
    if not tf.executing_eagerly() or pack_tangents is None:
        return True
    return not pack_tangents([tensor for tensor in tensors if tensor is not None]).tangents


def is_eager(x: Any) -> bool:
    """Whether `x` holds values now, outside of any `tf.function`."""
    return tf.executing_eagerly()


def is_compiled_by_xla() -> bool:
    """Whether the graph under construction is compiled by XLA, as far as TensorFlow can tell."""
    try:
        from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext
    except ImportError:  # a private name: where it is missing, the answer that is never wrong
        return True
    return GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def total(x: tf.Tensor, axes: tuple[int, ...], weight: tf.Tensor | None = None) -> tf.Tensor:
    """The sum of `x * weight` over `axes`, kept.

    On a CPU as a product with a vector of ones, which costs less than a reduction and, under XLA,
    a fraction of one over the batch and space together: those are summed one after the other.
    """
    if not axes:
        return x if weight is None else x * weight
    if 0 in axes and len(axes) > 1 and weight is None:
        return total(total(x, axes[1:]), (0,))
    if not _as_product(x, axes, weight):
        return tf.reduce_sum(x if weight is None else x * weight, axes, keepdims=True)
    sizes = ops.shape(x)
    first, last = min(axes), max(axes) + 1
    before, summed, after = (
        math.prod(part) for part in (sizes[:first], sizes[first:last], sizes[last:])
    )
    ones = tf.ones([1, 1, summed]) if weight is None else tf.reshape(weight, [1, 1, summed])
    if isinstance(after, int) and after == 1:
        result = tf.matmul(tf.reshape(x, [before, summed]), ones[0], transpose_b=True)
    elif isinstance(before, int) and before == 1:
        result = tf.matmul(ones[0], tf.reshape(x, [summed, after]))
    else:
        # XLA takes twice as long where the ones are broadcast by the product itself.
        ones = tf.broadcast_to(ones, [before, 1, summed])
        result = tf.matmul(ones, tf.reshape(x, [before, summed, after]))
    return tf.reshape(result, [1 if axis in axes else n for axis, n in enumerate(sizes)])


def _as_product(x: tf.Tensor, axes: tuple[int, ...], weight: tf.Tensor | None) -> bool:
    """Whether the sum is one over neighbouring axes of a large tensor on a CPU.

    On a GPU a product of float32 matrices may be rounded to ten bits.
    """
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    neighbours = axes == tuple(range(axes[0], axes[-1] + 1))
    along = weight is None or (
        all(weight.shape[axis] == 1 for axis in kept)
        and all(weight.shape[axis] == x.shape[axis] for axis in axes)
    )
    large = math.prod(size or TYPICAL_BATCH for size in x.shape) >= LARGE
    return neighbours and along and large and x.dtype == tf.float32 and _only_cpus()


@functools.cache
def _only_cpus() -> bool:
    return not tf.config.list_physical_devices("GPU")


def largest(x: tf.Tensor, axes: tuple[int, ...]) -> tf.Tensor:
    """The largest `x` over `axes`, kept, where none is negative; of none it is zero."""
    return ops.max(x, axis=axes, keepdims=True, initial=0)


def sums_by_product() -> bool:
    """Whether a small sum that is laid out again is better a matrix product: on a CPU.

    XLA there fuses the sum into the large loops that read it, and sums anew for each value.
    """
    return _only_cpus()


def fused_normalize(*arguments: Any) -> None:
    """No fused operation but that of batch normalization, which remembers."""
    return None


def fused_batch_standardize(
    x: tf.Tensor,
    axes: Sequence[int],
    gamma: tf.Tensor | None,
    beta: tf.Tensor | None,
    epsilon: float,
) -> tuple[tf.Tensor, Moments] | None:
    """Standardize each slice along the last axis by `FusedBatchNormV3`, or decline.

    The fused operation loses accuracy as fast as `E[x^2] - E[x]^2` does, and under XLA it is
    NaN at a mean of 1e3; shifted it is exact, and three times as fast as separate operations.
    """
    rank = len(x.shape)
    if tuple(axes) != tuple(range(rank - 1)) or x.dtype != tf.float32 or is_compiled_by_xla():
        return None
    channels = x.shape[-1]
    shift = sample_mean(x, axes)
    z = x - shift
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=z if rank == 4 else tf.reshape(z, [-1, 1, 1, channels]),
        scale=tf.ones([channels]) if gamma is None else tf.squeeze(gamma, list(axes)),
        offset=tf.zeros([channels]) if beta is None else tf.squeeze(beta, list(axes)),
        mean=tf.zeros([0]),
        variance=tf.zeros([0]),
        epsilon=epsilon,
        is_training=True,
    )
    count = tf.cast(value_count(x, axes), x.dtype)
    biased = variance * (tf.maximum(count - 1, 1) / tf.maximum(count, 1))
    shape = [1] * (rank - 1) + [channels]
    statistics = Moments(shift, tf.reshape(mean, shape), tf.reshape(biased, shape), count)
    return y if rank == 4 else tf.reshape(y, tf.shape(x)), statistics


def attach_gradient(
    value: tf.Tensor,
    gradient: Callable[..., Sequence[tf.Tensor]],
    exact_gradient: Callable[..., Sequence[tf.Tensor]],
    inputs: Sequence[tf.Tensor],
) -> tf.Tensor:
    """`value`, whose gradient with respect to `inputs` is `gradient(upstream, *inputs)`.

    Args:
        value: tensor computed from `inputs`, whose own graph is not differentiated.
        gradient: fast form, may use precomputed statistics as constants.
        exact_gradient: the same function of `(upstream, *inputs)` with nothing precomputed,
            differentiated when second derivatives are asked for.
        inputs: the tensors that receive gradients.
    """

    @tf.custom_gradient
    def first_order(upstream: tf.Tensor, *tensors: tf.Tensor) -> Any:
        def second_order(*cotangents: tf.Tensor) -> list[Any]:
            arguments = [upstream, *tensors]
            with tf.GradientTape() as tape:
                tape.watch(arguments)
                gradients = exact_gradient(*arguments)
            found = tape.gradient(gradients, arguments, list(cotangents))
            if found[0] is None:  # a gradient is linear in what comes from above: no tape recorded
                raise NotImplementedError(
                    "Forward-mode differentiation (tf.autodiff.ForwardAccumulator) does not go "
                    "through a normalizer's hand-written gradient. Differentiate a gradient "
                    "instead: one tf.GradientTape within another."
                )
            pairs = zip(found, arguments, strict=True)
            return [tf.zeros_like(a) if slope is None else slope for slope, a in pairs]

        return tuple(gradient(upstream, *tensors)), second_order

    @tf.custom_gradient
    def zeroth_order(*tensors: tf.Tensor) -> Any:
        return tf.identity(value), lambda upstream: first_order(upstream, *tensors)

    return zeroth_order(*inputs)


def replicas(x: tf.Tensor) -> int:
    """How many replicas run this at once, each with its part of the batch."""
    context = tf.distribute.get_replica_context()
    return context.num_replicas_in_sync if context else 1


def replica() -> Any:
    """Which of them this is."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def all_sum(x: tf.Tensor) -> tf.Tensor:
    """The sum of the `x` of all replicas, whose gradient is the sum of their gradients."""
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, x)


def tanh(x: tf.Tensor) -> tf.Tensor:
    return tf.tanh(x)


def slopes(function: Callable[[tf.Tensor], Sequence[tf.Tensor]], at: tf.Tensor) -> list[Any]:
    """The gradient at `at` of the sum of each output of `function`, within a forward pass."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(at)
        outputs = function(at)
    zero: Any = tf.UnconnectedGradients.ZERO
    return [tape.gradient(output, at, unconnected_gradients=zero) for output in outputs]
