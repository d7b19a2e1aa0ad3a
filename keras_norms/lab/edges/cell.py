"""A cell of a map: one program, such as a normalizer at one depth, and its edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keras_norms.lab.edges.edge import Edge as Edge
from keras_norms.lab.edges.edge import spoken as spoken
from keras_norms.lab.edges.threshold import Thresholds

if TYPE_CHECKING:  # so that results are read without a framework
    from keras_norms.lab.training import Outcome, Run


@dataclass(frozen=True)
class Cell:
    """Each seed has a posterior of its own; `Edge` takes them together.

    Attributes:
        program: the run whose learning rate and seed the others replace.
        priors: by seed, what was known before the first run.
        seeds: by seed, what is known now.
        outcomes: of all its runs, oldest first.
    """

    program: Run
    priors: Mapping[int, Thresholds]
    seeds: Mapping[int, Thresholds]
    outcomes: tuple[Outcome, ...] = ()

    @classmethod
    def prior(cls, program: Run, priors: Mapping[int, Thresholds]) -> Cell:
        return cls(program, priors, priors)

    def given(self, outcomes: Iterable[Outcome]) -> Cell:
        """After more runs."""
        known, seeds = tuple(outcomes), dict(self.seeds)
        for outcome in known:
            run = outcome.run
            seeds[run.seed] = seeds[run.seed].given([(run.learning_rate, outcome.verdict)])
        return replace(self, seeds=seeds, outcomes=self.outcomes + known)

    def edge(self, name: str) -> Edge:
        """One of "lower", "useful", "alive" and "blow_up"."""
        return Edge.of(name, [*self.seeds.values()], [self.priors[seed] for seed in self.seeds])

    @property
    def lower(self) -> Edge:
        return self.edge("lower")

    @property
    def useful(self) -> Edge:
        return self.edge("useful")

    @property
    def alive(self) -> Edge:
        return self.edge("alive")

    @property
    def trains(self) -> Edge:
        """The alive edge, by its name on the pages."""
        return self.alive

    @property
    def blow_up(self) -> Edge:
        return self.edge("blow_up")

    @property
    def out_of_order(self) -> int:
        """Runs that did not train though one of their seed with a smaller and one with a larger
        learning rate did."""
        found = 0
        for seed in self.seeds:
            its = [outcome for outcome in self.outcomes if outcome.run.seed == seed]
            trained = [o.run.learning_rate for o in its if o.verdict.trained]
            found += sum(
                min(trained) < outcome.run.learning_rate < max(trained)
                for outcome in its
                if trained and not outcome.verdict.trained
            )
        return found
