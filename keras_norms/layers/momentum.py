"""How much of the past a moving average keeps: a number, or a schedule of it."""

from __future__ import annotations

import numbers
from typing import Any

import keras
from keras import ops

Tensor = Any
Schedule = keras.optimizers.schedules.LearningRateSchedule
Momentum = float | Schedule | None


def checked_momentum(momentum: Any) -> Momentum:
    """`momentum` as a float, a schedule (from its config as well) or None.

    Raises:
        ValueError: none of these, or not in [0, 1] from the first batch on.
    """
    if isinstance(momentum, dict):
        momentum = keras.optimizers.schedules.deserialize(momentum)
    if momentum is None:
        return None
    if isinstance(momentum, Schedule):
        first = float(ops.convert_to_numpy(momentum(0)))
        if not 0 <= first <= 1:
            raise ValueError(
                "Argument `momentum` must lie in [0, 1] at every batch. Received: "
                f"momentum={momentum!r}, which is {first:g} at the first. Schedule the weight of "
                "the past, as in PolynomialDecay(0.5, 1000, end_learning_rate=0.99)."
            )
        return momentum
    if not isinstance(momentum, numbers.Real) or not 0 <= float(momentum) <= 1:
        raise ValueError(
            "Argument `momentum` must lie in [0, 1] (the weight of the past, 1 minus torch's), "
            "be a keras.optimizers.schedules.LearningRateSchedule of such numbers, or None for a "
            f"cumulative average. Received: momentum={momentum!r}"
        )
    return float(momentum)


def serialized_momentum(momentum: Momentum) -> float | dict[str, Any] | None:
    """For a layer's config."""
    if isinstance(momentum, Schedule):
        config: Any = keras.optimizers.schedules.serialize(momentum)
        return config
    return momentum
