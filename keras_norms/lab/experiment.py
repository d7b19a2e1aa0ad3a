"""An experiment: a frozen dataclass; its fields are its options, its docstring is its card."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, TypeVar

from keras_norms.lab.claim import Claim
from keras_norms.lab.errors import BadOption
from keras_norms.lab.found import Found
from keras_norms.lab.options import option, options_of
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table
from keras_norms.lab.statistics import Finding

FIRST_SEED = 10  # thresholds were set on seeds below it
TUNING_SEED = 100  # from here on seeds choose hyperparameters, and are compared nowhere
PLACE = re.compile(r"^(?:abstract|algorithm|appendix|equation|figure|section|table|theorem)\w*?_")

Plan = Generator[Mapping[str, Any], Found, None]
Seeded = TypeVar("Seeded")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What one paper's claim, or one study, is made of.

    A subclass gives `plan`, and of `claims`, `tables`, `figures` and `summary` what it has. Its
    docstring is its card (paper, claims, set-up, findings, cost, command), the first line its
    title. Everything else comes from here: it is listed, run, interrupted, resumed and reported.

    Attributes:
        exclusive: set True for timing experiments, which must not share the machine.
        judged: set False where too little is run for verdicts: ranges are printed instead.
    """

    seeds: int = option(9, "paired seeds, fixed before the first run", least=1, most=10_000)
    exclusive: ClassVar[bool] = False
    judged: ClassVar[bool] = True
    paper: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for name, (_, told) in options_of(type(self)).items():
            told.check(name, getattr(self, name))

    # What belongs to the paper.

    def plan(self) -> Plan:
        """Yields named groups of jobs, and is sent what they found.

        A group is a list of jobs or a search: a generator that yields lists of jobs, is sent
        their outcomes, and returns what it found. All groups of one yield advance together. What
        comes next may depend on what was found and on nothing else.
        """
        raise NotImplementedError

    def claims(self, found: Found) -> Iterable[Claim]:
        """The paper's sentences with the inequalities that decide them."""
        return ()

    def tables(self, found: Found) -> Iterable[Table]:
        return ()

    def figures(self, found: Found) -> Iterable[Figure]:
        return ()

    def summary(self, found: Found) -> Iterable[str]:
        """Sentences with the result; each claim with its verdict where nothing else is said."""
        for claim in self.claims(found):
            scale = " at this scale" if claim.holds.finding is Finding.NOT_REPRODUCED else ""
            yield f"{claim.sentence} {claim.verdict.capitalize()}{scale}: {claim.holds}."

    # What every experiment has.

    @classmethod
    def name(cls) -> str:
        """As commands call it: the package inside the program and the file, without its place."""
        *packages, file = cls.__module__.split(".")[1:] or [cls.__module__]
        return ".".join([*packages, PLACE.sub("", file)])

    @classmethod
    def card(cls) -> str:
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def title(cls) -> str:
        return cls.card().split("\n")[0].rstrip(".")

    @classmethod
    def scales(cls) -> list[str]:
        """The presets, "cpu" first."""
        told = (told.scales for _, told in options_of(cls).values())
        return list(dict.fromkeys(["cpu", *(scale for scales in told for scale in scales)]))

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        """With a preset's defaults; of what is given, options that are None keep theirs."""
        values = {
            name: told.scales[preset]
            for name, (_, told) in options_of(cls).items()
            if preset in told.scales
        }
        known = options_of(cls)
        values |= {k: v for k, v in (given or {}).items() if k in known and v is not None}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    def options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in options_of(type(self))}

    def seed_range(self) -> range:
        return range(FIRST_SEED, FIRST_SEED + self.seeds)

    def paired(self, job: Seeded) -> list[Seeded]:
        """The job with each of the experiment's seeds: the same ones in every arm."""
        return [replace(job, seed=seed) for seed in self.seed_range()]  # type: ignore[type-var]

    def tuning(self, job: Seeded, seeds: int = 3) -> list[Seeded]:
        """The job with seeds that choose hyperparameters and are compared nowhere."""
        return [replace(job, seed=TUNING_SEED + k) for k in range(seeds)]  # type: ignore[type-var]

    def invalid(self, name: str, instead: str) -> BadOption:
        """The error for an option whose value does not go with the others'."""
        return BadOption(name, getattr(self, name), instead)

    def changed(self) -> dict[str, Any]:
        """The options that differ from the defaults."""
        fields = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in self.options().items() if value != fields[name]}
