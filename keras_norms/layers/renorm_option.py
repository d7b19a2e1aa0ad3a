"""Batch renormalization as an option of batch normalization, in the form that Keras has it."""

from __future__ import annotations

import math
import numbers
from typing import Any

from keras import ops

from keras_norms.kernels import Moments, at_least
from keras_norms.layers.averaging import average
from keras_norms.layers.base import Tensor
from keras_norms.layers.memory import RememberingNormalization

BOUNDS = ("rmax", "rmin", "dmax")
Clipping = dict[str, float] | None


def checked_clipping(clipping: Clipping) -> Clipping:
    """`renorm_clipping`: a dictionary of some of `rmax`, `rmin` and `dmax`, or None."""
    clipping = dict(clipping or {})
    if set(clipping) - set(BOUNDS):
        raise ValueError(
            "Received invalid keys for `renorm_clipping` argument: "
            f"{clipping}. Supported values: {list(BOUNDS)}."
        )
    for name, value in clipping.items():
        if value is not None and not (isinstance(value, numbers.Real) and not math.isnan(value)):
            raise ValueError(
                f"Argument `renorm_clipping`[{name!r}] must be a number. Received: {value!r}"
            )
    least, most, away = (clipping.get(name) for name in ("rmin", "rmax", "dmax"))
    if least is not None and most is not None and most < least:
        raise ValueError(
            "rmax should be greater than rmin in the `renorm_clipping` argument. Received: "
            f"rmax={most}, rmin={least}."
        )
    if away is not None and away < 0:
        raise ValueError(
            f"dmax should be non-negative in the `renorm_clipping` argument. Received: dmax={away}."
        )
    return clipping


class RenormOption(RememberingNormalization):
    """A normalizer whose batch statistics may be corrected towards a second set of averages.

    With mean and `std = sqrt(var + epsilon)` of the batch, and `renorm_mean` and `renorm_stddev`
    before it:

        r = clip(std / renorm_stddev, rmin, rmax),  d = clip((mean - renorm_mean) / renorm_stddev,
        -dmax, dmax),  y = gamma * ((x - mean) / std * r + d) + beta

    No gradient flows through r and d. The second averages have the momentum `renorm_momentum`,
    those for inference `momentum`; of these the deviation is averaged, and
    `moving_variance = max(moving_stddev^2 - epsilon, 0)`.
    """

    renorm: bool
    renorm_clipping: Clipping
    renorm_momentum: float
    moving_stddev: Any = None
    renorm_mean: Any = None
    renorm_stddev: Any = None

    def build_weights(self, shape: tuple[int, ...]) -> None:
        super().build_weights(shape)
        if not self.renorm:
            return
        mean: Any = self.moving_mean_initializer
        variance: Any = self.moving_variance_initializer

        def deviation(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            return ops.sqrt(variance.clone()(shape, dtype=dtype))

        for name, initializer in (
            ("moving_stddev", deviation),
            ("renorm_mean", mean.clone()),
            ("renorm_stddev", deviation),
        ):
            setattr(self, name, self.add_memory(name, shape, initializer))

    def corrected(self, y: Tensor, batch: Moments) -> Tensor:
        """What the batch's own statistics have normalized, as the second averages would have."""
        bounds = dict(self.renorm_clipping or {})
        deviation = at_least(self.along_axis(self.renorm_stddev, y), math.sqrt(self.epsilon))
        r = ops.sqrt(batch.variance + self.epsilon) / deviation
        d = batch.mean_above(self.along_axis(self.renorm_mean, y)) / deviation
        if bounds.get("rmin") is not None:
            r = ops.maximum(r, bounds["rmin"])
        if bounds.get("rmax") is not None:
            r = ops.minimum(r, bounds["rmax"])
        if bounds.get("dmax") is not None:
            d = ops.clip(d, -bounds["dmax"], bounds["dmax"])
        return y * ops.stop_gradient(r) + ops.stop_gradient(d)

    def remember(self, statistics: Moments) -> None:
        if not self.renorm:
            super().remember(statistics)
            return
        mean, variance, learns = self.batches_of(statistics)
        deviation = ops.sqrt(variance + self.epsilon)
        counted = ops.cast(learns, mean.dtype)
        past, share = self.shares(counted)
        average(self.moving_mean, mean, learns, past, share)
        average(self.moving_stddev, deviation, learns, past, share)
        squared = ops.square(ops.cast(ops.convert_to_tensor(self.moving_stddev), mean.dtype))
        known = ops.convert_to_tensor(self.moving_variance)
        found = ops.cast(ops.relu(squared - self.epsilon), known.dtype)
        self.moving_variance.assign(ops.where(ops.any(learns, axis=0), found, known))
        a = self.renorm_momentum
        past = a ** ops.sum(counted, axis=0)
        average(self.renorm_mean, mean, learns, past, 1 - a)
        average(self.renorm_stddev, deviation, learns, past, 1 - a)
