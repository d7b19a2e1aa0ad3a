"""The probes of `probe_table`, as they look at a run."""

from __future__ import annotations

import functools
import math
from typing import Any

import keras
import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.looking import Look, Probe
from keras_norms.probes.cancellation import kernel_sums
from keras_norms.probes.covariate_shift import covariate_shift
from keras_norms.probes.moments import channel_moments, histogram, layers_of, summary
from keras_norms.probes.network import Network
from keras_norms.probes.propagation import propagation
from keras_norms.probes.ray import Ray, diverges_at
from keras_norms.probes.rotation import angles, norms
from keras_norms.weights.kernels import kernels_of


@functools.lru_cache(8)
def _network(model: keras.Model, kind: str, places: tuple[int, ...]) -> Network:
    """The same for all runs of a program, so that it is compiled once."""
    layers = layers_of(model, kind) if kind else []
    beyond = [place for place in places if not 0 < place <= len(layers)]
    if beyond:
        raise BadInput(
            f"Invalid probes: layers={beyond[0]}: the network has {len(layers)} {kind} layers, "
            "counted from 1"
        )
    return Network(model, [layers[place - 1] for place in places] if places else layers)


class Moments(Probe):
    """Outputs and their gradients on the batch to come, by layer or by channel."""

    def __init__(self, of: str, by: str, layers: tuple[int, ...]) -> None:
        self._of, self._by, self._layers = of, by, layers

    def __call__(self, look: Look) -> dict[str, Any]:
        signals = _network(look.model, self._of, self._layers).look(look.x, look.y).signals
        found: dict[str, Any] = {"layers": [signal.layer for signal in signals]}
        for name in ("output", "gradient"):
            rows = [self._row(getattr(signal, name)) for signal in signals]
            found |= {f"{name}_{key}": [row[key] for row in rows] for key in rows[0]}
        return found

    def _row(self, values: np.ndarray) -> dict[str, Any]:
        if self._by == "layer":
            return summary(values)
        mean, variance = channel_moments(values)
        return {"mean": mean.tolist(), "variance": variance.tolist()}


class Propagation(Probe):
    """Variance, similarity, stable rank and gradient norm by layer, on the batch to come.

    Reference: Lubana et al. 2021, arXiv 2106.05956.
    """

    def __init__(self, of: str, side: str, layers: tuple[int, ...]) -> None:
        self._of, self._side, self._layers = of, side, layers

    def __call__(self, look: Look) -> dict[str, Any]:
        signals = _network(look.model, self._of, self._layers).look(look.x, look.y).signals
        return _columns([{"layers": s.layer, **propagation(s, self._side)} for s in signals])


class Gradients(Probe):
    """Histograms of the loss's gradient in the kernels, on the batch to come."""

    def __init__(self, layers: tuple[int, ...], bins: int) -> None:
        self._layers, self._bins = layers, bins

    def __call__(self, look: Look) -> dict[str, Any]:
        kernels = _chosen(_kernels(look.model), self._layers)
        places = {id(v): k for k, v in enumerate(look.model.trainable_variables)}
        slopes = _network(look.model, "", ()).look(look.x, look.y).gradients
        rows = [histogram(slopes[places[id(kernel)]], self._bins) for kernel in kernels]
        return {"kernels": [k.path for k in kernels], **_columns(rows)}


class RayProbe(Probe):
    """The loss along the gradient of the batch to come, on that batch."""

    def __init__(self, low: float, high: float, points: int) -> None:
        self._steps = np.logspace(low, high, points).tolist()

    def __call__(self, look: Look) -> dict[str, Any]:
        ray = Ray(_network(look.model, "", ()), look.x, look.y)
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
        ray = Ray(_network(look.model, self._of, self._layers), look.x, look.y)
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
        ray = Ray(_network(look.model, "", ()), look.x, look.y)
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
        kernels = _chosen(_kernels(look.model), self._layers)
        network = _network(look.model, "", ())
        rows = covariate_shift(network, look.x, look.y, kernels, look.learning_rate)
        return {"kernels": [kernel.path for kernel in kernels], **_columns(rows)}


class Outputs(Probe):
    """The gradient of the mean loss in the logits, image by class, on the batch to come.

    Reference: Bjorck et al. 2018, Figure 6.
    """

    def __call__(self, look: Look) -> dict[str, Any]:
        head = len(layers_of(look.model, "linear"))
        (signal,) = _network(look.model, "linear", (head,)).look(look.x, look.y).signals
        gradient = signal.gradient.reshape(-1, signal.gradient.shape[-1])
        classes = signal.output.reshape(gradient.shape).argmax(axis=1)
        shares = np.bincount(classes, minlength=gradient.shape[1]) / len(classes)
        columns = np.abs(gradient.mean(axis=0, dtype=np.float64))
        return {
            "gradient": gradient.tolist(),
            "labels": np.ravel(look.y).tolist(),
            "predicted": shares.tolist(),
            "columns": columns.tolist(),
        }


class Cancellation(Probe):
    """How much of a kernel's gradient cancels over images and places, on the batch to come.

    Reference: Bjorck et al. 2018, Table 1.
    """

    def __init__(self, layers: tuple[int, ...], entries: int) -> None:
        self._layers, self._entries = layers, entries

    def __call__(self, look: Look) -> dict[str, Any]:
        network = _network(look.model, "linear", self._layers)
        draw = np.random.default_rng(self._entries)
        places = {id(v): k for k, v in enumerate(look.model.trainable_variables)}
        seen = network.look(look.x, look.y)
        rows = []
        for layer, signal in zip(network.layers, seen.signals, strict=True):
            place = places.get(id(getattr(layer, "kernel", None)))
            slopes = None if place is None else seen.gradients[place]
            sums = kernel_sums(layer, signal, self._entries, draw, slopes)
            rows.append({"layers": signal.layer, **sums})
        return _columns(rows)


class Weights(Probe):
    """Norms of the kernels, and the angle by which the step to come turns each.

    Where it looks at evaluations there are norms alone.
    """

    def __init__(self) -> None:
        self._at: tuple[int, ...] = ()
        self._before: list[np.ndarray] | None = None

    @property
    def midway(self) -> bool:
        return self._before is not None

    def steps(self, at: tuple[int, ...]) -> tuple[int, ...]:
        self._at = at
        return tuple(sorted({*at, *(step + 1 for step in at)}))

    def __call__(self, look: Look) -> dict[str, Any] | None:
        kernels = _kernels(look.model)
        paths = [kernel.path for kernel in kernels]
        now = [np.array(keras.ops.convert_to_numpy(kernel.value)) for kernel in kernels]
        if not self._at:
            return {"kernels": paths, "norms": norms(now)}
        before, self._before = self._before, now if look.step in self._at else None
        if before is None:
            return None
        turned = {"norms": norms(before), "angles": angles(before, now)}
        return {"step": look.step - 1, "kernels": paths, **turned}


def _kernels(model: keras.Model) -> list[keras.Variable]:
    trained = {id(variable) for variable in model.trainable_variables}
    found = [
        kernel
        for layer in model._flatten_layers(include_self=False)
        for kernel in kernels_of(layer).values()
    ]
    return [kernel for kernel in found if id(kernel) in trained]


def _chosen(kernels: list[keras.Variable], places: tuple[int, ...]) -> list[keras.Variable]:
    beyond = [place for place in places if not 0 < place <= len(kernels)]
    if beyond:
        raise BadInput(
            f"Invalid probes: layers={beyond[0]}: the network has {len(kernels)} kernels, counted "
            "from 1"
        )
    return [kernels[place - 1] for place in places] if places else kernels


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: [row[key] for row in rows] for key in rows[0]}
