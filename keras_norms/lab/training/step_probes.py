"""The probes that walk along the gradient or the step to come."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from keras_norms.lab.training.looking import Look, Probe
from keras_norms.lab.training.probes import chosen_kernels, columns, network_of
from keras_norms.probes.covariate_shift import covariate_shift
from keras_norms.probes.moments import channel_moments
from keras_norms.probes.ray import Ray, diverges_at


class RayProbe(Probe):
    """The loss along the gradient of the batch to come, on that batch."""

    def __init__(self, low: float, high: float, points: int) -> None:
        self._steps = np.logspace(low, high, points).tolist()

    def __call__(self, look: Look) -> dict[str, Any]:
        ray = Ray(network_of(look.model, "", ()), look.x, look.y)
        losses = ray.losses(self._steps)
        finite = [loss if math.isfinite(loss) else math.inf for loss in losses]
        return {
            "alpha": self._steps,
            "loss": losses,
            "first": ray.loss,
            "norm": ray.norm,
            "diverges_at": diverges_at(self._steps, losses, ray.loss),
            "lowest_at": self._steps[int(np.argmin(finite))],
        }


class StepProbe(Probe):
    """Channel means and variances along one step, by layer and by share of the step."""

    def __init__(self, of: str, layers: tuple[int, ...], alpha: float, shares: int) -> None:
        self._of, self._layers, self._alpha = of, layers, alpha
        self._shares = np.linspace(0, 1, shares).tolist()

    def __call__(self, look: Look) -> dict[str, Any]:
        ray = Ray(network_of(look.model, self._of, self._layers), look.x, look.y)
        found: dict[str, Any] = {"alpha": self._alpha, "share": self._shares, "layers": []}
        found |= {"mean": [], "variance": []}
        for share in self._shares:
            outputs = ray.outputs(share * self._alpha)
            found["layers"] = [name for name, _ in outputs]
            moments = [channel_moments(values) for _, values in outputs]
            found["mean"].append([mean.tolist() for mean, _ in moments])
            found["variance"].append([variance.tolist() for _, variance in moments])
        return found


class Smoothness(Probe):
    """Loss range, gradient change and effective smoothness along the gradient.

    Reference: Santurkar et al. 2018, arXiv 1805.11604, Figure 4.
    """

    def __init__(self, low: float, high: float, points: int) -> None:
        self._times = np.linspace(low, high, points)

    def __call__(self, look: Look) -> dict[str, Any]:
        ray = Ray(network_of(look.model, "", ()), look.x, look.y)
        steps = (self._times * look.learning_rate).tolist()
        losses = ray.losses(steps)
        changes = [ray.gradient_change(step) for step in steps]
        smooth = [change / (step * ray.norm) for change, step in zip(changes, steps, strict=True)]
        return {
            "alpha": steps,
            "loss": losses,
            "first": ray.loss,
            "loss_range": max(losses) - min(losses),
            "gradient_change": changes,
            "gradient_range": max(changes) - min(changes),
            "beta": max(smooth),
        }


class CovariateShift(Probe):
    """How far the preceding layers' step turns and stretches each kernel's gradient.

    Along the gradient of the batch to come, at its learning rate: momentum has no part in it.

    Reference: Santurkar et al. 2018, arXiv 1805.11604, Definition 2.1.
    """

    def __init__(self, layers: tuple[int, ...]) -> None:
        self._layers = layers

    def __call__(self, look: Look) -> dict[str, Any]:
        kernels = chosen_kernels(look.model, self._layers)
        network = network_of(look.model, "", ())
        rows = covariate_shift(network, look.x, look.y, kernels, look.learning_rate)
        return {"kernels": [kernel.path for kernel in kernels], **columns(rows)}
