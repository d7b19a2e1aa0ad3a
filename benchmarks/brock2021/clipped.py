"""The paper's optimizer, SGD with adaptive gradient clipping, as an object of a run's spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def clipped_sgd(clipping: float = 0.08) -> keras.optimizers.Optimizer:
    """SGD whose gradients are clipped unit by unit, but for those of the head."""
    from keras_norms.normfree import AdaptiveGradientClipping

    return AdaptiveGradientClipping("sgd", clipping=clipping, exclude="head")
