"""What a normalizer adds to a whole training step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.speed import cells
from benchmarks.speed.cells import IMAGES, MODES, NETWORKS, NONE
from benchmarks.speed.targets import network_targets
from keras_norms.lab.experiment import Plan
from keras_norms.lab.found import Found
from keras_norms.lab.machine import MachineExperiment
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table
from keras_norms.lab.target import Target, counted
from keras_norms.lab.timings import PAIRED, Measured, measured, tables
from keras_norms.lab.walk import Recorded

FUNCTION = "benchmarks.speed.measuring.training_step"
EFFORT = 25.0  # of a network, beside a layer's


@dataclass(frozen=True, kw_only=True)
class StepCost(MachineExperiment):
    """Training steps with each normalizer, against the same without.

    Question   What does a normalizer add to a training step?
    Networks   Eight 3x3 convolutions of 64 filters, each normalized, with ReLU, then pooling and a
               dense head; and ResNet-20. 16 images of 32x32x3. A step is forward, backward and SGD
               at a fixed gradient of the logits.
    Sides      Each normalizer; none; none again, the control; the floor, x * a + b in the
               normalizer's place: what a single pass over the data costs each way. (Under XLA on a
               CPU the floor is slower than a normalizer is, and bounds nothing.) Layer: over the
               whole example; over channels: as Keras's.
    Clock      As of `speed.layers`: sides take turns in one process, CPU time on a CPU.
    Cost       quick: the first network, a minute or two a backend on two cores.
    Command    KERAS_BACKEND=jax python -m benchmarks run speed.steps --scale quick --out results
    """

    rounds: int = option(11, "turns of each side", least=1, most=1000)
    networks: tuple[str, ...] = option(NETWORKS, "nets", choices=NETWORKS, quick=NETWORKS[:1])
    images: str = option(IMAGES, "shape of a batch")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(cells.sizes(self.images)) != 4:
            raise self.invalid("images", f"write four sizes, as in {IMAGES}")

    def plan(self) -> Plan:
        base = {"shape": self.images, "rounds": self.rounds}
        wanted = product(self.networks, MODES[self.job("", {}).backend])
        jobs = [self.job(FUNCTION, {**base, "name": n, "mode": m}, EFFORT) for n, m in wanted]
        yield {"cells": jobs, "measured": Recorded(FUNCTION)}

    def claims(self, found: Found) -> Iterable[Target]:
        return network_targets(measured(found["measured"]))

    def summary(self, found: Found) -> Iterable[str]:
        yield counted(list(self.claims(found)))

    def tables(self, found: Found) -> Iterator[Table]:
        caption = f"a training step with each normalizer over one without; {PAIRED}."
        yield from tables("speed-steps", caption, measured(found["measured"]), _rows)


def _rows(found: Sequence[Measured]) -> Iterator[dict[str, str]]:
    """A line each network and place, a column each normalizer."""
    for one in found:
        line = {"network": one.cell["name"], "on": one.place, "images": one.cell["shape"]}
        line["none, ms"] = one.ms(NONE)
        sides = [side for side in one.found["seconds"] if side != NONE]
        yield line | {side: one.ratio_text(side, NONE) for side in sides}
