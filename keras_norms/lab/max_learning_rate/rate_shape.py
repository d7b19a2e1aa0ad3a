"""How the learning rate of one run goes over its steps: warm-up, and the model's own schedule.

The rate that is searched for is the largest one of a run; a schedule keeps its shape,

    rate(step) = rate warm(step) schedule(step) / max over the steps of the same

with warm(step) = min(1, (step + 1) / warmup).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_norms.lab.errors import BadInput

Schedule = keras.optimizers.schedules.LearningRateSchedule


def rate_shape(schedule: Schedule | None, warmup: int, steps: int) -> np.ndarray:
    """Shares of the largest rate, shape (steps,).

    Raises:
        BadInput: a warm-up that is not over before the last step, or a schedule that gives no rates
            or still rises there.
    """
    if not 0 <= warmup < steps:
        raise BadInput(
            f"warmup={warmup} is not over within steps={steps}; write 0 to {steps - 1}, or more "
            "steps"
        )
    shape = np.minimum(1.0, np.arange(1, steps + 1) / max(warmup, 1))
    if schedule is None:
        return shape
    name = type(schedule).__name__
    shape = shape * [float(schedule(step)) for step in range(steps)]
    if not (np.isfinite(shape).all() and shape.min() >= 0 < shape.max()):
        raise BadInput(
            f"build_model() gave an optimizer whose {name} goes from {shape.min():.3g} to "
            f"{shape.max():.3g} within {steps} steps; give one that is positive"
        )
    if steps > 1 and shape.argmax() == steps - 1:
        raise BadInput(
            f"steps={steps}: the {name} of build_model() still rises at the last of them, so the "
            "rate that is searched for would not be held; write more steps, or a shorter warm-up"
        )
    return shape / shape.max()


def with_constant_rate(optimizer: Any) -> tuple[Any, Schedule | None]:
    """An optimizer whose rate can be set before each step, and the schedule that it had.

    Raises:
        BadInput: its rate is a function, of which no step is known beforehand.
    """
    inner = getattr(optimizer, "inner_optimizer", None)  # of a LossScaleOptimizer
    if inner is not None:
        optimizer.inner_optimizer, schedule = with_constant_rate(inner)
        optimizer.inner_optimizer.loss_scale_factor = None
        return optimizer, schedule
    rate = getattr(optimizer, "_learning_rate", None)
    if isinstance(rate, Schedule):
        config = optimizer.get_config() | {"learning_rate": 1.0}
        return type(optimizer).from_config(config), rate
    if callable(rate) and not isinstance(rate, keras.Variable):
        raise BadInput(
            f"build_model() gave an optimizer whose learning_rate={rate!r} is a function; compile "
            "it with a number, or with a LearningRateSchedule"
        )
    return optimizer, None
