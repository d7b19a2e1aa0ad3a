"""A cell: one measurement, wholly described, and which of them there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import keras

from benchmarks.specs import every
from keras_norms.lab.errors import BadInput
from keras_norms.schemes import normalizer_class

FORWARD, BACKWARD, STEP = "forward", "forward+backward", "training step"
LAYER, NETWORK = "layer", "network"
TIME, MEMORY = "time", "memory"
SHAPES = ("64x32x32x64", "32x56x56x64", "128x8x8x256", "4096x256", "32x128x512")
DTYPES = ("float32", "bfloat16")
MAIN = ("batch", "group", "instance", "layer", "rms")
NETWORKS = ("conv8", "resnet20")
MODES = {"tensorflow": ("graph", "XLA"), "jax": ("jit",), "torch": ("eager",)}
# As layers, without the reparameterization that the one is used with, and over the channels.
ALONE = {"mean_only": "mean_only:momentum=0.9", "ws": "ws", "layer": "layer:axis=-1"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is measured at once, its sides taking turns.

    Attributes:
        quantity: "time", or "memory" kept for the backward pass.
        subject: "layer" or "network".
        name: of the normalizer, or of the network.
        work: "forward", "forward+backward" or "training step".
        shape: of the inputs, as in "64x32x32x64".
        dtype: of the computation; weights are float32.
        backend, mode, device: "jax", "jit", "cpu".
    """

    quantity: str = TIME
    subject: str = LAYER
    name: str
    work: str = BACKWARD
    shape: str
    dtype: str = "float32"
    mode: str
    backend: str
    device: str

    @property
    def key(self) -> str:
        content = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def sizes(self) -> tuple[int, ...]:
        return sizes(self.shape)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        what = self.quantity if self.quantity == MEMORY else self.work
        return f"{self.backend} {self.mode}, {self.name}, {self.shape} {self.dtype}, {what}"


def normalizers() -> dict[str, str]:
    """Name to spec, of all that can be measured as a layer."""
    return {name: ALONE.get(name, spec) for name, spec in every().items() if name != "none"}


def sizes(shape: str) -> tuple[int, ...]:
    """(64, 32, 32, 64) of "64x32x32x64".

    Raises:
        BadInput: it is not written so, or has no two to four axes.
    """
    parts = shape.split("x")
    if not (2 <= len(parts) <= 4 and all(part.isdecimal() and int(part) for part in parts)):
        raise BadInput(f"shape={shape!r} is no shape; write two to four sizes, as in {SHAPES[0]}")
    return tuple(map(int, parts))


def makes_sense(name: str, shape: str) -> bool:
    return len(sizes(shape)) > 2 or not getattr(normalizer_class(name), "needs_space", False)


def layer_cells(
    names: Iterable[str], shapes: Sequence[str], dtypes: Sequence[str], works: Sequence[str]
) -> Iterator[Cell]:
    """Time in every mode of the running backend."""
    for name, shape, dtype, work in product(names, shapes, dtypes, works):
        if makes_sense(name, shape):
            for place in places():
                yield Cell(name=name, shape=shape, dtype=dtype, work=work, **place)


def network_cells(names: Iterable[str], images: str) -> Iterator[Cell]:
    for name, place in product(names, places()):
        yield Cell(subject=NETWORK, name=name, work=STEP, shape=images, **place)


def memory_cells(
    names: Iterable[str], shape: str, networks: Iterable[str], images: str
) -> Iterator[Cell]:
    """None on TensorFlow, which does not tell what its graphs keep."""
    for place in places() if keras.config.backend() != "tensorflow" else ():
        for name in names:
            yield Cell(quantity=MEMORY, name=name, shape=shape, **place)
        for name in networks:
            yield Cell(
                quantity=MEMORY, subject=NETWORK, name=name, work=STEP, shape=images, **place
            )


def places() -> list[dict[str, str]]:
    """The modes of the running backend on its device."""
    from benchmarks.speed.clock import on_gpu

    backend, device = keras.config.backend(), "gpu" if on_gpu() else "cpu"
    return [{"backend": backend, "device": device, "mode": mode} for mode in MODES[backend]]
