"""How far the statistics that a normalizer remembers lie from those of the data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_norms.anatomy.normalizers import remembered

# Above either, the layer's output is another one than it was trained with. Averages over some
# hundred batches of 32 stay below a tenth of them.
FAR_MEAN = 0.25  # root mean square over channels, in true deviations
FEW = 3  # layers that have a sentence each
FAR_RATIO = math.log(1.25)  # root mean square over channels of the log ratio of deviations


class Gap(NamedTuple):
    """Distances of one layer, over its channels.

    Attributes:
        mean: root mean square of `(moving - true mean) / true deviation`; None without a mean.
        mean_worst: the largest of them, without sign.
        ratio: mean of `log(moving / true deviation)`, above zero where the moving one is too
            large; None without a variance.
        ratio_worst: the one farthest from zero.
        far: whether the layer is far off: `mean` above 0.25, or the root mean square of the log
            ratios above log(1.25).
    """

    mean: float | None
    mean_worst: float | None
    ratio: float | None
    ratio_worst: float | None
    far: bool

    @property
    def columns(self) -> dict[str, float | None]:
        """For a row of a report."""
        return {
            "mean gap": self.mean,
            "worst": self.mean_worst,
            "log ratio": self.ratio,
            "worst ratio": self.ratio_worst,
        }


def gap(layer: keras.layers.Layer, mean: Any, variance: Any, known: Any) -> Gap:
    """The distance between what `layer` remembers and the true statistics.

    The deviation is `sqrt(variance + epsilon)`, what the layer divides by.

    Args:
        layer: a normalizer with moving statistics.
        mean: true means, of the shape of the moving mean.
        variance: true variances.
        known: where there are such statistics; the other channels are left out.
    """
    known = np.broadcast_to(known, np.shape(variance))
    if not known.any():
        return Gap(None, None, None, None, False)
    epsilon = layer.epsilon
    true = np.sqrt(variance + epsilon)[known]
    distance = distance_worst = ratio = ratio_worst = None
    far = False
    with np.errstate(divide="ignore", invalid="ignore"):  # dead channels without an epsilon
        if "mean" in remembered(layer):
            away = np.abs(moving(layer, "mean") - mean)[known]
            away = np.where(away > 0, away / true, 0.0)
            distance, distance_worst = _rms(away), float(away.max())
            far = distance > FAR_MEAN
        if "variance" in remembered(layer):
            now = np.sqrt(moving(layer, "variance") + epsilon)[known]
            logs = np.where(now == true, 0.0, np.log(now / true))
            ratio, ratio_worst = float(logs.mean()), float(logs[np.abs(logs).argmax()])
            far = far or _rms(logs) > FAR_RATIO
    return Gap(distance, distance_worst, ratio, ratio_worst, bool(far))


def sentence(path: str, found: Gap, layer: keras.layers.Layer, steps: int | None) -> str:
    """The warning for a layer that is far off; `steps` is how many the model was trained."""
    wrong = []
    if found.mean is not None:
        wrong.append(
            f"its moving mean by {found.mean:.2g} true deviations (worst channel "
            f"{found.mean_worst:.2g})"
        )
    if found.ratio is not None and found.ratio_worst is not None:
        wrong.append(
            f"its moving deviation by a factor of {math.exp(found.ratio):.2g} (worst channel "
            f"{math.exp(found.ratio_worst):.2g})"
        )
    said = f"Layer {path!r} is far off: {' and '.join(wrong)}."
    momentum = layer.momentum
    remains = isinstance(momentum, float) and not getattr(layer, "debiased", False)
    if steps and remains and momentum**steps > 0.01:
        said += (
            f" After {steps} steps at momentum {momentum:g}, {momentum**steps:.0%} of its initial "
            "values remain."
        )
    return said + " Call recalibrate(model, data)."


def sentences(
    found: Mapping[str, Gap], layers: Mapping[str, keras.layers.Layer], steps: int | None
) -> Iterator[str]:
    """The warnings for the layers that are far off: of many, what they share is said once."""
    far = [path for path, distance in found.items() if distance.far]
    if len(far) <= FEW:
        yield from (sentence(path, found[path], layers[path], steps) for path in far)
        return
    worst = max(far, key=lambda p: max(found[p].mean or 0.0, abs(found[p].ratio or 0.0)))
    yield f"{len(far)} of {len(found)} layers are far off, as the table says; the farthest first:"
    yield sentence(worst, found[worst], layers[worst], steps)


def moving(layer: keras.layers.Layer, statistic: str) -> np.ndarray:
    """A moving statistic in float64."""
    value = ops.convert_to_numpy(getattr(layer, f"moving_{statistic}").value)
    return np.asarray(value, np.float64)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
