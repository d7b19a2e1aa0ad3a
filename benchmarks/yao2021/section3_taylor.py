"""Yao et al. 2021, Section 3: past statistics, brought to today's weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

EXAMPLES, INPUTS, UNITS, STEPS = 16, 6, 8, (1e-3, 1e-2, 1e-1)


def brought(x: np.ndarray, kernels: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and mean square of the first batch that the layer counts with at the second.

    Read off the second batch's output, of a window of these two: it is normalized by the mean of
    both means and of both mean squares.
    """
    import keras

    from benchmarks.float64_layers import double
    from benchmarks.ioffe2015.steps import array
    from keras_norms.layers import CrossIterationBatchNormalization

    with double():
        # Of one tap: Keras's Dense multiplies in float32 on torch.
        linear = keras.layers.Conv1D(UNITS, 1, use_bias=False, dtype="float64")
        layer = CrossIterationBatchNormalization(linear, window=2, burn_in=0, epsilon=0.0)
        layer.build(x[0][:, None].shape)
        for batch, kernel in zip(x, kernels, strict=True):
            linear.kernel.assign(kernel[None])
            y = array(layer(keras.ops.convert_to_tensor(batch[:, None]), training=True))[:, 0]
    z = x[1] @ kernels[1]
    deviation = z.std(axis=0) / y.std(axis=0)
    mean = z.mean(axis=0) - deviation * y.mean(axis=0)
    square = 2 * (deviation**2 + mean**2) - (z**2).mean(axis=0)
    return 2 * mean - z.mean(axis=0), square


def errors(seed: int) -> dict[str, float]:
    draw = np.random.default_rng(seed)
    x, kernel = draw.normal(0.3, 1.0, (2, EXAMPLES, INPUTS)), draw.normal(size=(INPUTS, UNITS))
    direction, means, squares, raw = draw.normal(size=kernel.shape), [], [], []
    for step in STEPS:
        now = kernel + step * direction
        old, new = x[0] @ kernel, x[0] @ now
        mean, square = brought(x, [kernel, now])
        means.append(largest(mean - new.mean(axis=0)))
        squares.append(np.abs(square - (new**2).mean(axis=0)).mean())
        raw.append(np.abs((old**2).mean(axis=0) - (new**2).mean(axis=0)).mean())
    slopes = [np.polyfit(np.log(STEPS), np.log(each), 1)[0] for each in (squares, raw)]
    return {"mean": max(means), "square": abs(slopes[0] - 2), "raw": abs(slopes[1] - 1)}


@dataclass(frozen=True, kw_only=True)
class Taylor(IdentitiesExperiment):
    """Yao et al. 2021, Section 3: past statistics, brought to today's weights.

    Paper      "Cross-Iteration Batch Normalization", arXiv 2002.05712, equations 8 and 9: a past
               batch's mean and mean square are expanded to first order in the weights' change.
    Claims     For a linear layer the expanded mean is exact; the error of the expanded mean square
               grows as the square of the step (slope 2 in the logarithms, to 0.1), that of the past
               one as the step (slope 1, to 0.1).
    Ours       CrossIterationBatchNormalization with a window of two, whose statistics are read off
               its output; steps 0.001, 0.01 and 0.1 along a random direction, float64, nine
               draws of 16 examples.
    Cost       20 CPU seconds.
    Command    python -m benchmarks run yao2021.taylor --out results
    """

    identities = (
        Identity("The expanded mean is exact.",
                 (Bound("mean", "|expanded mean − that of today's weights|", 1e-9),), paper="0",
                 target="cbn20-taylor"),
        Identity("The error of the expanded mean square is of second order.",
                 (Bound("square", "|slope − 2|", 0.1),), paper="2", target="cbn20-taylor"),
        Identity("That of the past mean square is of first order.",
                 (Bound("raw", "|slope − 1|", 0.1),), paper="1", target="cbn20-taylor"),
    )  # fmt: skip
