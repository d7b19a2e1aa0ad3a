"""Instance enhancement batch normalization (Liang et al. 2020)."""

from __future__ import annotations

import keras
from keras import ops

from keras_norms.kernels import affine, moments, standardize
from keras_norms.layers.base import Shape, Tensor
from keras_norms.layers.memory import RememberingNormalization
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import refuse_batch_axis


@normalizer("instance_enhancement", paper="Liang et al. 2020", also=("iebn",), needs_space=True)
@keras.saving.register_keras_serializable(package="keras_norms")
class InstanceEnhancementBatchNormalization(RememberingNormalization):
    """Batch normalization whose gamma each example turns up or down by its own mean.

        gate = sigmoid(gate_gamma * m + gate_beta),  m = mean of x over the example's channel
        y = gamma * gate * (x - mean) / sqrt(var + epsilon) + beta

    mean and var per channel, as in `BatchNormalization`: over the batch in training, the moving
    averages in inference. `m` is the mean over every axis but the batch axis 0 and `axis`, of the
    inputs themselves and not of what is normalized, in training and inference alike; of inputs
    of rank 2 it is the value. Two more parameters a channel than batch normalization has,
    `gate_gamma`, initially 0, and `gate_beta`, initially -1: at the start every gate is
    sigmoid(-1) = 0.269, whatever the input.

    The gate depends on the mean, so a bias before this layer is not useless.

    Args:
        axis: the channel axis, or several; not the batch axis 0.
        momentum: weight of the past in the moving averages, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches since the start.
        epsilon: added to the variance. The authors' code takes 1e-5; 1e-3 as in Keras.
        center: whether there is a beta.
        scale: whether there is a gamma; the gate stays in any case.
        moving_mean_initializer: of the moving mean.
        moving_variance_initializer: of the moving variance.
        unbiased: whether the moving variance takes `m / (m - 1) * var`.
        synchronized: whether the batch is the joined one of all replicas of a distribution, as in
            `BatchNormalization`.
        debiased: whether the moving averages forget their initial values at the first batch.
        **options: initializers, regularizers and constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: tensor (batch, ..., channels, ...).
        training: whether to use and to remember the statistics of this batch.
        mask: true where values are visible: of the shape of the inputs without `axis`, or
            broadcasting to them. Hidden values enter no statistic and no gate.

    Reference: Liang et al. 2020, arXiv 1908.04008.
    """

    reads_examples = True
    gate_gamma: keras.Variable | None = None
    gate_beta: keras.Variable | None = None

    def build(self, input_shape: Shape) -> None:
        refuse_batch_axis(self.axis, input_shape)
        super().build(input_shape)

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        for name, start in (("gate_gamma", 0.0), ("gate_beta", -1.0)):
            initializer = keras.initializers.Constant(start)
            weight = self.add_weight(
                name=name, shape=shape, initializer=initializer, autocast=False
            )
            setattr(self, name, weight)

    def by_batch(self, x: Tensor, axes: tuple[int, ...], visible: Tensor | None) -> Tensor:
        gamma, beta = self._gated_gamma(x, visible), self.along_axis(self.beta, x)
        y, statistics = standardize(
            x,
            axes,
            gamma,
            beta,
            epsilon=self.epsilon,
            visible=visible,
            synchronized=self.synchronized,
        )
        self.remember(statistics)
        return y

    def by_memory(self, x: Tensor, visible: Tensor | None) -> Tensor:
        gamma = self._gated_gamma(x, visible)
        return affine(x, self.recall(x), gamma, self.along_axis(self.beta, x), self.epsilon)

    def _gated_gamma(self, x: Tensor, visible: Tensor | None) -> Tensor:
        """Gamma times the gate, one for each example and channel."""
        mean = moments(x, self._layout.space, visible).mean
        gate = ops.sigmoid(
            self.along_axis(self.gate_gamma, x) * mean + self.along_axis(self.gate_beta, x)
        )
        gamma = self.along_axis(self.gamma, x)
        return gate if gamma is None else gate * gamma
