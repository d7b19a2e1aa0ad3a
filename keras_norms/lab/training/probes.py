"""The probes of `probe_table`, as they look at a run."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.looking import Look, Probe
from keras_norms.probes.cancellation import kernel_sums
from keras_norms.probes.moments import channel_moments, histogram, layers_of, summary
from keras_norms.probes.network import Network
from keras_norms.probes.propagation import propagation
from keras_norms.probes.rotation import angles, norms
from keras_norms.weights.kernels import kernels_of


@functools.lru_cache(8)
def network_of(model: keras.Model, kind: str, places: tuple[int, ...]) -> Network:
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
        signals = network_of(look.model, self._of, self._layers).look(look.x, look.y).signals
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
        signals = network_of(look.model, self._of, self._layers).look(look.x, look.y).signals
        return columns([{"layers": s.layer, **propagation(s, self._side)} for s in signals])


class Gradients(Probe):
    """Histograms of the loss's gradient in the kernels, on the batch to come."""

    def __init__(self, layers: tuple[int, ...], bins: int) -> None:
        self._layers, self._bins = layers, bins

    def __call__(self, look: Look) -> dict[str, Any]:
        kernels = chosen_kernels(look.model, self._layers)
        places = {id(v): k for k, v in enumerate(look.model.trainable_variables)}
        slopes = network_of(look.model, "", ()).look(look.x, look.y).gradients
        rows = [histogram(slopes[places[id(kernel)]], self._bins) for kernel in kernels]
        return {"kernels": [k.path for k in kernels], **columns(rows)}


class Outputs(Probe):
    """The gradient of the mean loss in the logits, image by class, on the batch to come.

    Reference: Bjorck et al. 2018, Figure 6.
    """

    def __call__(self, look: Look) -> dict[str, Any]:
        head = len(layers_of(look.model, "linear"))
        (signal,) = network_of(look.model, "linear", (head,)).look(look.x, look.y).signals
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
        network = network_of(look.model, "linear", self._layers)
        draw = np.random.default_rng(self._entries)
        places = {id(v): k for k, v in enumerate(look.model.trainable_variables)}
        seen = network.look(look.x, look.y)
        rows = []
        for layer, signal in zip(network.layers, seen.signals, strict=True):
            place = places.get(id(getattr(layer, "kernel", None)))
            slopes = None if place is None else seen.gradients[place]
            sums = kernel_sums(layer, signal, self._entries, draw, slopes)
            rows.append({"layers": signal.layer, **sums})
        return columns(rows)


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
        kernels = kernels_in(look.model)
        paths = [kernel.path for kernel in kernels]
        now = [np.array(keras.ops.convert_to_numpy(kernel.value)) for kernel in kernels]
        if not self._at:
            return {"kernels": paths, "norms": norms(now)}
        before, self._before = self._before, now if look.step in self._at else None
        if before is None:
            return None
        turned = {"norms": norms(before), "angles": angles(before, now)}
        return {"step": look.step - 1, "kernels": paths, **turned}


def kernels_in(model: keras.Model) -> list[keras.Variable]:
    trained = {id(variable) for variable in model.trainable_variables}
    found = [
        kernel
        for layer in model._flatten_layers(include_self=False)
        for kernel in kernels_of(layer).values()
    ]
    return [kernel for kernel in found if id(kernel) in trained]


def chosen_kernels(model: keras.Model, places: tuple[int, ...]) -> list[keras.Variable]:
    kernels = kernels_in(model)
    beyond = [place for place in places if not 0 < place <= len(kernels)]
    if beyond:
        raise BadInput(
            f"Invalid probes: layers={beyond[0]}: the network has {len(kernels)} kernels, counted "
            "from 1"
        )
    return [kernels[place - 1] for place in places] if places else kernels


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: [row[key] for row in rows] for key in rows[0]}
