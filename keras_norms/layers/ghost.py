"""Ghost batch normalization (Hoffer, Hubara & Soudry 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras
from keras import ops

from keras_norms.kernels import standardize
from keras_norms.layers.base import Shape, Tensor
from keras_norms.layers.memory import MemoryOptions, RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import checked_count, refuse_batch_axis


@normalizer("ghost", paper="Hoffer et al. 2017", also=("gbn",))
@keras.saving.register_keras_serializable(package="keras_norms")
class GhostBatchNormalization(RememberingNormalization):
    """Batch normalization of small virtual batches within a large one.

    Training: the batch is cut, in order, into virtual batches of `virtual_batch_size` examples,
    the last one with what is left over, and each is normalized as in `BatchNormalization`:

        y = gamma * (x - mean_k) / sqrt(var_k + epsilon) + beta        in the k-th virtual batch

    with one gamma and beta for all. The moving averages are those of the K virtual batches seen
    one after the other, for a statistic s_k and momentum a:

        moving <- a^K * moving + (1 - a) * sum over k = 1..K of a^(K - k) * s_k

    so that `momentum` counts in virtual batches. Inference is batch normalization by the moving
    averages, for any number of examples. A batch of at most `virtual_batch_size` examples is
    batch normalization in training as well.

    Of a batch that is no multiple the last virtual batch is smaller, and weighs as much as the
    others in the moving averages; left with a single value a channel, it gives beta and is not
    remembered. The authors' code cuts each batch into a fixed number of parts instead and runs the
    whole network on one after the other, so that its averages are sequential, as here.

    Args:
        virtual_batch_size: examples in a virtual batch; 128 as in the authors' code.
        axis: the channel axis, or several; not the batch axis 0.
        momentum: weight of the past in the moving averages, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all virtual batches since the start.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        synchronized: only False: a virtual batch is a small part of one device's batch.
        **options: `moving_mean_initializer`, `moving_variance_initializer`, `unbiased` and
            `debiased` as in `BatchNormalization`; initializers, regularizers and constraints of
            gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: whether to use and to remember the statistics of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic.

    Reference: Hoffer et al. 2017, arXiv 1705.08741, Algorithm 1.
    """

    cancels_bias = True

    def __init__(
        self,
        virtual_batch_size: int = 128,
        axis: int | Sequence[int] = -1,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[MemoryOptions],
    ) -> None:
        virtual_batch_size = checked_count("virtual_batch_size", virtual_batch_size)
        if options.pop("synchronized", False):
            raise ValueError(
                "Argument `synchronized`=True means nothing here: a "
                "virtual batch is a part of the batch of one device. Leave it out, or use "
                "BatchNormalization(synchronized=True)."
            )
        super().__init__(axis, momentum, epsilon, center, scale, **options)
        self.virtual_batch_size = virtual_batch_size

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        gamma, beta = (
            None if weight is None else ops.expand_dims(self.along_axis(weight, x), 0)
            for weight in (self.gamma, self.beta)
        )
        if visible is not None:
            visible = ops.broadcast_to(visible, ops.shape(x))
        examples, *rest = ops.shape(x)
        size = self.virtual_batch_size
        whole = examples // size * size
        outputs = []
        for start, number, each in ((0, examples // size, size), (whole, 1, examples - whole)):
            end = start + number * each
            if x.shape[0] and start == end:
                continue  # in a batch of unknown size an empty part stays, and changes nothing
            cut = (number, each, *rest)
            y, statistics = standardize(
                ops.reshape(x[start:end], cut),
                [axis + 1 for axis in axes],  # behind the axis of virtual batches
                gamma,
                beta,
                epsilon=self.epsilon,
                visible=None if visible is None else ops.reshape(visible[start:end], cut),
            )
            self.remember(statistics)
            outputs.append(ops.reshape(y, (end - start, *rest)))
        return ops.concatenate(outputs, axis=0)
