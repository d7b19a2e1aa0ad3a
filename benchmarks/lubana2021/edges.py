"""Networks without shortcuts, searched for their largest learning rates and looked at before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from benchmarks.lubana2021.networks import ACTIVATIONS, FEATURES, LINEAR, NONE, cfg, group_of
from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table
from keras_norms.lab.training import Run
from studies.edges import EdgeExperiment

SEEN = (f"{FEATURES},at=0", f"{LINEAR},at=0")


@dataclass(frozen=True, kw_only=True)
class GroupEdgeExperiment(EdgeExperiment):
    """By group size, with BN and none beside them."""

    data: str = option("cifar10:examples=5000,test_examples=500", "data set")
    steps: int = option(150, "steps a run", least=1)
    width: int = option(8, "channels of the first stage", least=1, gpu=64)
    group_sizes: tuple[int, ...] = option((1, 2, 4, 8, 64), "channels a group", least=1)

    def sizes(self) -> list[str]:
        return [f"size {size}" for size in sorted(self.group_sizes)]

    def network(self, depth: int, arm: str) -> Run:
        """A program: of "size 4" group normalization, "BN" or "none"."""
        sized = arm.startswith("size ")
        spec = group_of(int(arm[5:])) if sized else {**ACTIVATIONS, NONE: "none"}[arm]
        model = cfg(depth, self.width)
        return self.program(model=model, normalizer=spec, initializer="he")

    def rate(self, cell: Cell, words: str) -> Quantity:
        """The largest rate that trains, by seed: 0 where none does."""
        pairs = zip(cell.seeds, cell.trains.values, strict=True)
        return Quantity(f"largest rate that trains ({words})",
                        {seed: min(value, self.high) for seed, value in pairs})  # fmt: skip

    def at_rate(self, program: Run, rate: float, first: int) -> list[Run]:
        """The network on seeds from `first` on, at one rate, looked at before the first step."""
        one = replace(program, learning_rate=float(f"{rate:.3g}"), probes=SEEN)
        return [replace(one, seed=first + k) for k in range(self.seeds)]

    def rates_table(self, cells: dict[str, Cell]) -> Table:
        rows = [{"network": words, "trains up to": str(cell.trains),
                 "blows up above": str(cell.blow_up), "runs": len(cell.outcomes)}
                for words, cell in cells.items()]  # fmt: skip
        caption = "Largest learning rates: median over seeds with its 90 % interval."
        return Table(f"{self.name()}-rates", pd.DataFrame(rows), caption)
