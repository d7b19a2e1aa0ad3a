"""What the experiments on the largest learning rate share: residual networks on small images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.training import Run
from studies.edges import EdgeExperiment

PAPERS_LIMIT = 1e3  # a loss above it is divergence, as the paper has it


@dataclass(frozen=True, kw_only=True)
class LargestRateExperiment(EdgeExperiment):
    """Networks with and without BN, each searched for its largest learning rates."""

    data: str = option("cifar10:examples=5000,size=16,test_examples=500", "data set",
                       gpu="cifar10:examples=5000,test_examples=500")  # fmt: skip
    most: int = option(10, "runs a seed at most", least=1, most=1000, gpu=16)
    steps: int = option(150, "steps a run", least=1)
    width: int = option(8, "channels of the first stage", least=1, gpu=16)
    depths: tuple[int, ...] = option((20, 56), "layers of the networks", least=8, gpu=(20, 56, 110))

    def network(self, depth: int, normalizer: str, initializer: str = "xavier", **more: Any) -> Run:
        model = {"depth": depth, "width": self.width, **more}
        text = ",".join(f"{name}={value}" for name, value in model.items())
        return self.program(model=f"resnet:{text}", normalizer=normalizer, initializer=initializer)

    def rate(self, cell: Cell, words: str) -> Quantity:
        """The largest rate that trains, by seed: 0 where none does."""
        values = dict(zip(cell.seeds, cell.trains.values, strict=True))
        most = {seed: min(value, self.high) for seed, value in values.items()}
        return Quantity(f"largest rate that trains ({words})", most)

    def cells_table(self, named: Sequence[tuple[str, Cell]]) -> Table:
        """A row a cell: by our criteria, and by the paper's."""
        rows = [
            {
                "network": words,
                "trains up to": str(cell.trains),
                "blows up above (ten times the start)": str(cell.blow_up),
                "smallest rate with a loss above 1000": number(self.papers(cell)),
                "runs": len(cell.outcomes),
            }
            for words, cell in named
        ]
        caption = (
            "Largest learning rates: median over seeds with its 90 % interval. A run is ended when "
            "its loss is ten times its start, so the paper's criterion, a loss above 1000, is seen "
            "only where the loss jumps over both at once: its rate is from above."
        )
        return Table(f"{self.name()}-rates", pd.DataFrame(rows), caption)

    def papers(self, cell: Cell) -> float:
        """The smallest rate tried, over all seeds, at which a loss was above the paper's limit."""
        over = [o.run.learning_rate for o in cell.outcomes if not max(o.losses) <= PAPERS_LIMIT]
        return min(over, default=math.inf)
