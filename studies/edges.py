"""What the studies of edges share: chains of neighbouring cells, each searched from one end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.chain import chain
from keras_norms.lab.edges.search import Search
from keras_norms.lab.experiment import FIRST_SEED, Experiment
from keras_norms.lab.found import Found
from keras_norms.lab.options import RATE, option
from keras_norms.lab.training import Run
from keras_norms.lab.walk import Search as Searched

PLACEHOLDER = 1.0  # the learning rate of a program, which its runs replace


@dataclass(frozen=True, kw_only=True)
class EdgeExperiment(Experiment):
    """What such a study covers besides its cells: how each of them is searched."""

    seeds: int = option(6, "initial weights, each searched on its own", least=1, most=99, quick=3)
    most: int = option(16, "runs a seed at most", least=1, most=1000)
    low: float = option(1e-4, "smallest learning rate", quick=1e-3, **RATE)
    high: float = option(1e2, "largest learning rate", **RATE)
    data: str = option("digits", "data set")
    steps: int = option(200, "steps a run", least=1, quick=150)
    batch: int = option(64, "examples a step", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low * 10**0.3 <= self.high:
            raise self.invalid("low", f"write a rate below half of --high {self.high:g}")

    def chains(self) -> Mapping[str, Sequence[Run]]:
        """By name, rows of programs, neighbours beside one another."""
        raise NotImplementedError

    def plan(self):
        search = Search(self.low, self.high, self.seeds, FIRST_SEED, self.most)
        yield {
            name: Searched(chain(programs, search), len(programs) * self.seeds * self.most)
            for name, programs in self.chains().items()
        }

    def cells(self, found: Found) -> list[Cell]:
        """All that are searched to the end, in order."""
        return [cell for name in self.chains() for cell in found[name]]

    def program(self, **fields) -> Run:
        """A run of the study, but for its learning rate and seed."""
        usual = {"data": self.data, "steps": self.steps, "batch": self.batch}
        return Run(**{**usual, **fields}, learning_rate=PLACEHOLDER)
