"""What the library is held to on a CPU: ratios to Keras's layers and to a bare network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.speed.cells import BACKWARD, IMAGES, KERAS, MAIN, NONE, OURS, SHAPES
from keras_norms.lab.inequality import all_of
from keras_norms.lab.target import Target
from keras_norms.lab.timings import Measured

CLOSE = 1.05  # what every layer with a counterpart of Keras's must keep to on JAX and torch
# place -> normalizer -> the largest ratio of ours to Keras's, forward and backward
LAYERS = {
    "TensorFlow graph": {"batch": 0.4, "group": 0.6, "instance": 0.9, "layer": 0.7, "rms": 0.9},
    "TensorFlow XLA": dict.fromkeys(MAIN, 0.7),
    "JAX": {"group": 0.6, "instance": 0.6},
    "torch": {"batch": 0.2, "group": 0.2, "instance": 0.2, "layer": 1.2},
}
CLOSE_ON = {"JAX", "torch"}
# place -> the largest ratio of a step of the 8-convolution net to one without normalizer
NETWORKS = dict.fromkeys(("TensorFlow graph", "TensorFlow XLA", "JAX"), 1.06) | {"torch": 1.12}
NORMALIZED = ("batch", "group", "layer", "layer over channels")


def layer_limit(place: str, name: str) -> float | None:
    return LAYERS.get(place, {}).get(name, CLOSE if place in CLOSE_ON else None)


def layer_targets(found: Iterable[Measured]) -> Iterator[Target]:
    """One a backend, mode and normalizer: reached where it is on every processor measured."""
    main = {"shape": SHAPES[0], "dtype": "float32", "work": BACKWARD}
    kept = [one for one in found if main.items() <= one.cell.items()]
    for (place, name), same in _alike(kept).items():
        limit = layer_limit(place, name)
        if limit is not None:
            said = f"{place}: {name} takes at most {limit:g} of Keras's time."
            yield from _target(said, same, OURS, KERAS, limit)


def network_targets(found: Iterable[Measured]) -> Iterator[Target]:
    kept = [o for o in found if (o.cell["name"], o.cell["shape"]) == ("conv8", IMAGES)]
    for (place, _), same in _alike(kept).items():
        for side in NORMALIZED if place in NETWORKS else ():
            limit = NETWORKS[place]
            said = f"{place}: a step of conv8 with {side} takes at most {limit:g} of one without."
            yield from _target(said, same, side, NONE, limit)


def _alike(found: Iterable[Measured]) -> dict[tuple[str, str], list[Measured]]:
    groups: dict[tuple[str, str], list[Measured]] = {}
    for one in found:
        groups.setdefault((one.place, one.cell["name"]), []).append(one)
    return groups


def _target(
    said: str, same: list[Measured], side: str, over: str, limit: float
) -> Iterator[Target]:
    ratios = [one.ratio(side, over, f"{side} / {over} on {one.cell['machine']}") for one in same]
    parts = [ratio <= limit for ratio in ratios if ratio is not None]
    if parts:
        holds = parts[0] if len(parts) == 1 else all_of(*parts)
        yield Target(said, holds, pairs="rounds")
