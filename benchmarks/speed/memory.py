"""What normalizers keep for the backward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from benchmarks.speed import cells
from benchmarks.speed.cells import IMAGES, MAIN, MODES, NETWORKS, SHAPES
from keras_norms.lab.experiment import Plan
from keras_norms.lab.found import Found
from keras_norms.lab.machine import MachineExperiment
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.timings import Measured, measured, tables
from keras_norms.lab.walk import Recorded

OF_LAYER = "benchmarks.speed.measuring.memory_of_layer"
OF_NETWORK = "benchmarks.speed.measuring.memory_of_network"


@dataclass(frozen=True, kw_only=True)
class Memory(MachineExperiment):
    """Memory kept for the backward pass.

    Question   What does a normalizer keep between the forward and the backward pass?
    Sides      As of `speed.layers` and `speed.steps`, float32.
    torch      The tensors that autograd saves, each storage once, without weights.
    JAX        The temporary memory of the compiled forward and backward pass, as XLA plans it.
    TensorFlow Tells neither, and is not measured.
    Cost       A minute a backend.
    Command    KERAS_BACKEND=jax python -m benchmarks run speed.memory --out results
    """

    names: tuple[str, ...] = option(("all",), "normalizers", quick=MAIN)
    shape: str = option(SHAPES[0], "shape of the inputs of layers")
    networks: tuple[str, ...] = option(NETWORKS, "nets", choices=NETWORKS, quick=NETWORKS[:1])
    images: str = option(IMAGES, "shape of a batch for the networks")

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        made = super().at(preset, given)
        return replace(made, names=cells.named(made.names))

    def plan(self) -> Plan:
        groups: dict[str, Any] = {"of layers": Recorded(OF_LAYER)}
        groups["of networks"] = Recorded(OF_NETWORK)
        if (name := self.job("", {}).backend) != "tensorflow":
            place = {"mode": MODES[name][0]}
            layer, network = {**place, "shape": self.shape}, {**place, "shape": self.images}
            groups["cells"] = [
                self.job(OF_LAYER, {**layer, "name": n}) for n in cells.expanded(self.names)
            ]
            groups["cells"] += [self.job(OF_NETWORK, {**network, "name": n}) for n in self.networks]
        yield groups

    def summary(self, found: Found) -> Iterable[str]:
        count = len(found["of layers"]) + len(found["of networks"])
        yield f"{count} layers and networks measured; TensorFlow does not tell."

    def tables(self, found: Found) -> Iterator[Table]:
        for group in ("of layers", "of networks"):
            caption = f"MiB kept {group} for the backward pass: autograd's on torch, XLA's on JAX."
            name = f"speed-memory-{group.replace(' ', '-')}"
            yield from tables(name, caption, measured(found[group]), _rows)


def _rows(found: Sequence[Measured]) -> Iterator[dict[str, str]]:
    for one in found:
        line = {"of": one.cell["name"], "on": one.place, "shape": one.cell["shape"]}
        yield line | {side: number(size) for side, size in one.found["MiB"].items()}
