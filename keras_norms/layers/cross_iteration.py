"""Cross-iteration batch normalization (Yao et al. 2021)."""

from __future__ import annotations

from typing import Any, Unpack

import keras
from keras import ops

from keras_norms.kernels import Moments, affine, at_least, moments, native, summed
from keras_norms.layers.base import Shape, Tensor
from keras_norms.layers.masks import hide
from keras_norms.layers.memory import MemoryOptions, RememberingNormalization
from keras_norms.layers.momentum import Momentum
from keras_norms.layers.registration import normalizer
from keras_norms.layers.validation import checked_count

LINEAR = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
PAST = ("past_mean", "past_variance", "past_mean_slope", "past_variance_slope", "past_kernel")


def without_bias(kind: type, linear: keras.layers.Layer, **arguments: Any) -> keras.layers.Layer:
    """Around the linear layer, whose kernel is needed; beta takes the place of its bias."""
    if not linear.built and getattr(linear, "use_bias", False):
        linear = type(linear).from_config({**linear.get_config(), "use_bias": False})
    return kind(linear, **arguments)


@normalizer("cross_iteration", paper="Yao et al. 2021", also=("cbn",), wrap=without_bias)
@keras.saving.register_keras_serializable(package="keras_norms")
class CrossIterationBatchNormalization(RememberingNormalization):
    """A linear layer, batch-normalized by statistics of the last few batches together.

    With x the linear layer's output, and for each batch t its mean m_t, its mean square s_t and
    their gradients by the kernel w, the past `window - 1` batches are brought to today's kernel
    by a Taylor expansion of first order:

        m'_t = m_t + dm_t/dw (w - w_t),  s'_t = s_t + ds_t/dw (w - w_t)
        mean = average of m'_t,  var = average of max(s'_t, m'_t^2) - mean^2
        y = gamma * (x - mean) / sqrt(var + epsilon) + beta

    averages over the window, this batch among it. A filter's statistics are expanded in that
    filter's weights alone, of this layer alone. For the means, linear in the kernel, the
    expansion is exact. Gradients flow through this batch's statistics only. Inference is batch
    normalization by moving averages, which take this batch's statistics, as the code does.

    Computed, with the variance v_t = s_t - m_t^2 in place of s_t, as the same

        v'_t = max(v_t + dv_t/dw (w - w_t) - (dm_t/dw (w - w_t))^2, 0)
        var = average of v'_t + variance of the m'_t

    which subtracts no large numbers. Through the first `burn_in` batches the window is this batch
    alone: kernels change fast then. In each training step the linear layer is differentiated
    twice more, and the window holds three kernels a past batch: this is what the layer costs, about
    4 times batch normalization in TensorFlow's plain graph, 8 times under XLA on a CPU.

    The published code drops a batch whose s'_t < m'_t^2 where the paper has the maximum (as here),
    adds epsilon to the deviation unless told otherwise, draws gamma from [0, 1) (here it is 1),
    and begins to fill the window after the burn-in; here the burn-in's batches are in it.

    Args:
        layer: Dense, Conv1D, Conv2D or Conv3D without bias (beta takes its place) or activation.
        window: how many batches, this one included; 1 is batch normalization.
        burn_in: batches before the window opens.
        momentum: weight of the past in the moving averages, in [0, 1], or a Keras schedule of it
            by the batch; None for the arithmetic mean over all batches since the start.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        **options: `moving_mean_initializer`, `moving_variance_initializer`, `unbiased`,
            `debiased` and `synchronized` as in `BatchNormalization`; initializers, regularizers and
            constraints of gamma and beta; name, dtype.

    Call arguments:
        inputs: what the linear layer takes, finite everywhere.
        training: whether to use and to remember the statistics of this batch.
        mask: true where the linear layer's outputs are visible: of their shape without the
            channel axis, or broadcasting to them. Hidden values enter no statistic.

    Raises:
        ValueError: a layer
            that is none of these, or with a bias or an activation.

    Reference: Yao et al. 2021, arXiv 2002.05712.
    """

    cancels_bias = True

    def __init__(
        self,
        layer: keras.layers.Layer,
        window: int = 4,
        burn_in: int = 8,
        momentum: Momentum = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[MemoryOptions],
    ) -> None:
        _require_linear(layer)
        window, burn_in = checked_count("window", window), checked_count("burn_in", burn_in, 0)
        axis = 1 if getattr(layer, "data_format", None) == "channels_first" else -1
        options.setdefault("dtype", layer.dtype_policy)
        super().__init__(axis, momentum, epsilon, center, scale, **options)
        self.layer = layer
        self.window = window
        self.burn_in = burn_in

    def build(self, input_shape: Shape) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
        super().build(self.layer.compute_output_shape(input_shape))
        self.input_spec = None  # it is of the linear layer's outputs

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        if self.window == 1:
            return
        past, kernel = self.window - 1, tuple(self.layer.kernel.shape)
        self.batches = self.add_memory("batches", (), "zeros", dtype="float32")
        sizes = (shape, shape, kernel, kernel, kernel)
        for name, size in zip(PAST, sizes, strict=True):
            memory = self.add_memory(name, (past, *size), "zeros", dtype=self._precision())
            setattr(self, name, memory)

    @property
    def past(self) -> list[keras.Variable]:
        """The window, as attributes: TensorFlow's checkpoints find no variables in a list."""
        return [getattr(self, name) for name in PAST]

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        self.note_caller()
        x = self.in_full_precision(self.layer(inputs))
        if not (training and self.trainable):
            return self.in_output_precision(self.by_memory(x, None))
        axes = self._layout.reduced
        x, visible = hide(x, mask, axes, remembered=True)
        self.warn_of_single_values(x)
        statistics = moments(x, axes, visible, synchronized=self.synchronized)
        used = statistics
        if self.window > 1:
            used = self._over_the_window(statistics, inputs, axes, visible)
        self.remember(statistics)
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return self.in_output_precision(affine(x, used, gamma, beta, self.epsilon))

    def _over_the_window(
        self, now: Moments, inputs: Tensor, axes: tuple[int, ...], visible: Tensor | None
    ) -> Moments:
        """The statistics to normalize by; then this batch enters the window."""
        # As it was computed with: in a mixed precision layer, the kernel rounded to half.
        kernel = ops.stop_gradient(ops.cast(self.layer.kernel.value, self._precision()))
        inputs = ops.stop_gradient(ops.cast(inputs, kernel.dtype))

        def of_kernel(kernel: Tensor) -> list[Tensor]:
            dense = isinstance(self.layer, keras.layers.Dense)
            linear = ops.matmul if dense else self.layer.convolution_op
            x = linear(inputs, kernel)
            found = moments(x, axes, visible, synchronized=self.synchronized)
            return [found.mean, found.variance]

        past = [ops.convert_to_tensor(variable) for variable in self.past]
        means, variances = _compensated(kernel, *past)
        batches = ops.convert_to_tensor(self.batches)
        open_now = ops.where(batches < self.burn_in, 0.0, ops.minimum(batches, self.window - 1))
        counts = ops.cast(ops.arange(self.window - 1) < ops.cast(open_now, "int32"), kernel.dtype)
        counts = ops.reshape(counts, (-1, *[1] * len(now.variance.shape)))
        # Of the past, what today's mean differs by: small, whatever the means are.
        shape = now.variance.shape
        away = now.centre(ops.reshape(means, (-1, *shape))) * counts
        variances = ops.reshape(variances, (-1, *shape)) * counts
        total = 1 + ops.sum(counts)
        drift = ops.sum(away, axis=0) / total
        squares = now.variance + ops.sum(variances + ops.square(away), axis=0)
        variance = at_least(squares / total - ops.square(drift), 0)
        used = Moments(now.shift, now.offset + drift, variance, now.count)

        new = [
            ops.reshape(now.mean, past[0].shape[1:]),
            ops.reshape(now.variance, past[0].shape[1:]),
        ]
        slopes = native.slopes(of_kernel, kernel)
        if self.synchronized:  # each replica has its part, of the sum of what all replicas found
            slopes = [slope / native.replicas(slope) for slope in summed(*slopes)]
        new = [*new, *slopes, kernel]
        learned = ops.any(now.count > 1)
        for variable, old, value in zip(self.past, past, new, strict=True):
            value = ops.cast(ops.stop_gradient(value)[None], old.dtype)
            variable.assign(ops.where(learned, ops.concatenate([value, old[:-1]]), old))
        self.batches.assign(batches + ops.cast(learned, batches.dtype))
        return used

    def _precision(self) -> str:
        return "float64" if self.variable_dtype == "float64" else "float32"

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["layer"].pop("build_config", None)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CrossIterationBatchNormalization:
        layer = keras.saving.deserialize_keras_object(config["layer"])
        return cls(**{**config, "layer": layer})


def _compensated(
    kernel: Tensor,
    means: Tensor,
    variances: Tensor,
    mean_slopes: Tensor,
    variance_slopes: Tensor,
    kernels: Tensor,
) -> tuple[Tensor, Tensor]:
    """Means and variances of past batches, leading axis, as they would be with today's kernel."""
    of_a_filter = tuple(range(1, len(kernels.shape) - 1))
    step = kernel - kernels
    mean_change = ops.sum(mean_slopes * step, axis=of_a_filter)
    variance_change = ops.sum(variance_slopes * step, axis=of_a_filter)
    # The variance's second-order term by the mean's square, as in the paper's mean squares.
    changed = variances + variance_change - ops.square(mean_change)
    return means + mean_change, at_least(changed, 0)


def _require_linear(layer: Any) -> None:
    allowed = ", ".join(kind.__name__ for kind in LINEAR)
    if not isinstance(layer, LINEAR):
        raise ValueError(
            f"Argument `layer` must be one of {allowed}: its kernel is needed. "
            f"Received: layer={layer!r}"
        )
    if getattr(layer, "padding", None) == "causal":
        raise ValueError(
            f"Argument `layer` ({layer.name!r}) has padding='causal'. "
            "Allowed are 'valid' and 'same'."
        )
    if layer.use_bias or layer.activation not in (None, keras.activations.linear):
        raise ValueError(
            f"Argument `layer` ({layer.name!r}) has a bias or an activation: make it with "
            "use_bias=False and put the activation after this layer. beta takes the bias's place."
        )
