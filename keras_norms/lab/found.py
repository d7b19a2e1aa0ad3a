"""What a plan's groups have found, as an experiment is handed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from keras_norms.lab.errors import BadInput
from keras_norms.lab.quantity import Quantity

if TYPE_CHECKING:
    from keras_norms.lab.job import Job


class Group(Sequence[Any]):
    """The outcomes of a group of jobs, in their order.

    Attributes:
        name: as the plan calls it, and as formulas do.
        jobs: what was done.
    """

    def __init__(self, name: str, jobs: Sequence[Job], outcomes: Sequence[Any]) -> None:
        self.jobs: list[Any] = list(jobs)
        self.name, self._outcomes = name, list(outcomes)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Group: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Group(self.name, self.jobs[index], self._outcomes[index])
        return self._outcomes[index]

    def __len__(self) -> int:
        return len(self._outcomes)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._outcomes)

    @property
    def seeds(self) -> list[int]:
        """That of each job; its place where it has none."""
        told = [getattr(job, "seed", None) for job in self.jobs]
        return [place if seed is None else seed for place, seed in enumerate(told)]

    def quantity(
        self, measure: Callable[[Any], float], formula: str = "", unit: str = "", **options: Any
    ) -> Quantity:
        """A number of each outcome; `formula` says what, the group's name says whose.

        Raises:
            BadInput: two jobs of the group have one seed.
        """
        seeds = self.seeds
        if twice := [seed for seed in seeds if seeds.count(seed) > 1]:
            raise BadInput(f"group {self.name!r} has several jobs of seed {twice[0]}")
        values = {s: float(measure(o)) for s, o in zip(seeds, self._outcomes, strict=True)}
        said = f"{formula} ({self.name})" if formula else self.name
        return Quantity(said, values, unit, **options)

    def final(self, metric: str = "test_accuracy") -> Quantity:
        """The last value of a column of the curve; an accuracy with its images where kept."""
        return self.quantity(
            lambda outcome: outcome.final(metric),
            f"final {metric.replace('_', ' ')}",
            images=self._images() if metric == "test_accuracy" else (),
        )

    def best(self, metric: str = "test_accuracy") -> Quantity:
        """The best value of a column of the curve."""
        said = f"best {metric.replace('_', ' ')}"
        return self.quantity(lambda outcome: outcome.best(metric), said)

    def steps_to(self, level: float, metric: str = "test_accuracy") -> Quantity:
        """The step at which a column first reaches a level; infinity where it never does."""
        said = f"steps to {metric.replace('_', ' ')} {level:g}"
        return self.quantity(lambda outcome: outcome.steps_to(metric, level), said, "steps")

    def share(self, *verdicts: str) -> Quantity:
        """The share of runs with one of the verdicts."""
        said = "share " + " or ".join(map(str, verdicts))
        return self.quantity(lambda outcome: outcome.verdict in verdicts, said, share=True)

    def probed(self, probe: str) -> Group:
        """What a probe answered, by its name or whole spec."""
        return Group(self.name, self.jobs, [_answers(one, probe) for one in self._outcomes])

    def frame(self) -> pd.DataFrame:
        """One row a job: its description, and the numbers of its outcome."""
        rows = zip(self.jobs, self._outcomes, strict=True)
        return pd.DataFrame([{**job.as_dict(), **_numbers(outcome)} for job, outcome in rows])

    def _images(self) -> tuple[Mapping[int, np.ndarray], ...]:
        correct = {
            seed: getattr(outcome, "correct", None)
            for seed, outcome in zip(self.seeds, self._outcomes, strict=True)
        }
        return () if any(one is None for one in correct.values()) else (correct,)


def between(
    one: Group, other: Group, measure: Callable[[Any, Any], float], formula: str, unit: str = ""
) -> Quantity:
    """A number of the two outcomes of each seed.

    Raises:
        BadInput: the groups have other seeds.
    """
    if one.seeds != other.seeds:
        raise BadInput(f"groups {one.name!r} and {other.name!r} have different seeds")
    pairs = zip(one.seeds, one, other, strict=True)
    return Quantity(formula, {seed: float(measure(a, b)) for seed, a, b in pairs}, unit)


def steps_ratio(slow: Group, quick: Group, level: float) -> Quantity:
    """Steps to a test accuracy of one over those of the other; 1 where neither gets there."""

    def ratio(a: Any, b: Any) -> float:
        steps, fewer = (each.steps_to("test_accuracy", level) for each in (a, b))
        return 1.0 if steps == fewer else steps / fewer

    return between(slow, quick, ratio, f"steps to {level:.0%}, {slow.name} / {quick.name}")


class Incomplete(LookupError):
    """A group that is not finished yet was asked for."""


class Found(dict[str, Any]):
    """By name what each group of a plan has found: a `Group`, or what a search returned.

    Attributes:
        jobs: everything that was read for it.
        complete: whether the plan has come to its end.
        folder: where figures are drawn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self.complete = False
        self.folder = Path("figures")

    def __missing__(self, name: str) -> Any:
        if self.complete:
            raise BadInput(f"no group is called {name!r}; there are {', '.join(self)}")
        raise Incomplete(name)

    def groups(self) -> dict[str, Group]:
        return {name: each for name, each in self.items() if isinstance(each, Group)}

    def frame(self) -> pd.DataFrame:
        """One row a job of every group."""
        parts = [each.frame().assign(group=name) for name, each in self.groups().items()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _answers(outcome: Any, probe: str) -> Any:
    """The rows of the one probe that is called so."""
    specs = [spec for spec in outcome.probed if probe in (spec, spec.partition(":")[0])]
    if len(specs) != 1:
        raise BadInput(f"probe {probe!r} is one of {sorted(outcome.probed)}: write a whole spec")
    return outcome.probed[specs[0]]


def _numbers(outcome: Any) -> dict[str, Any]:
    if hasattr(outcome, "row"):
        return outcome.row()
    return dict(outcome) if isinstance(outcome, Mapping) else {"found": outcome}
