"""What each normalizer costs beside batch normalization."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from benchmarks.speed import cells
from benchmarks.speed.cells import MAIN, MODES, NONE
from keras_norms.lab.experiment import Plan
from keras_norms.lab.found import Found
from keras_norms.lab.machine import MachineExperiment
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table
from keras_norms.lab.timings import PAIRED, Measured, measured, tables, text
from keras_norms.lab.walk import Recorded

FUNCTION = "benchmarks.speed.family_sides.seconds"
BATCH, CONTROL = "batch", "batch again"


@dataclass(frozen=True, kw_only=True)
class FamilyCost(MachineExperiment):
    """What each normalizer adds to a network, beside what batch normalization adds.

    Set-up     The unit of a 1x1 convolution, the normalizer and ReLU, forward and backward with all
               gradients, float32; each normalizer as `benchmarks/specs.py` has it.
    Cost of    The time of its unit less that of the unit without normalizer, over the same of batch
    each       normalization. "batch again" is the control: what it differs from 1 by is noise.
    Clock      All units take turns in one process; CPU time on a CPU.
    Cost       3 minutes a backend; quick: the five main ones.
    Command    KERAS_BACKEND=jax python -m benchmarks run speed.family --out results
    """

    rounds: int = option(11, "turns of each side", least=1, most=1000)
    names: tuple[str, ...] = option(("all",), "normalizers", quick=MAIN)
    shape: str = option("32x32x32x64", "shape of the inputs")
    mode: str = option("", "eager, graph or XLA on TensorFlow; graph where none is named")

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        made = super().at(preset, given)
        return replace(made, names=cells.named(made.names))

    def plan(self) -> Plan:
        from benchmarks.specs import fitting

        names = [name for name in cells.expanded(self.names) if name != BATCH]
        specs = {NONE: NONE, BATCH: fitting(BATCH), **{name: fitting(name) for name in names}}
        specs[CONTROL] = fitting(BATCH)
        mode = self.mode or MODES[self.job("", {}).backend][0]
        given = {"specs": specs, "shape": self.shape, "mode": mode, "rounds": self.rounds}
        yield {"units": [self.job(FUNCTION, given)], "measured": Recorded(FUNCTION)}

    def summary(self, found: Found) -> Iterable[str]:
        for one in measured(found["measured"]):
            said = text(_over_batch(one, CONTROL))
            yield f"{one.place}, {one.cell['machine']}: the control is {said}."

    def tables(self, found: Found) -> Iterator[Table]:
        caption = f"what each adds to a unit, over what batch normalization adds; {PAIRED}."
        yield from tables("speed-family", caption, measured(found["measured"]), _rows)


def _over_batch(one: Measured, name: str) -> Quantity:
    seconds = {side: Quantity(side, dict(enumerate(v))) for side, v in one.found["seconds"].items()}
    return (seconds[name] - seconds[NONE]) / (seconds[BATCH] - seconds[NONE])


def _rows(found: Sequence[Measured]) -> Iterator[dict[str, str]]:
    for one in found:
        ratios = {n: _over_batch(one, n) for n in one.found["seconds"] if n != NONE}
        for name, ratio in sorted(ratios.items(), key=lambda item: item[1].estimate):
            line = {"normalizer": name, "on": one.place, "ms": one.ms(name)}
            yield line | {"over batch": text(ratio)}
