"""How many workers, and how long a history, the ledger carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import pandas as pd

from benchmarks.ledger.page import LOOKS, growth, medians
from benchmarks.ledger.postgres import version
from keras_norms.lab.experiment import Experiment, Plan
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.provenance import processor
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table
from keras_norms.lab.walk import Recorded

FUNCTION = "benchmarks.ledger.measuring.jobs"
MOST = {"SQLite": 10_000}  # finished jobs; one process at a time writes there
CREW = 128  # on PostgreSQL, beside the shortest history


@dataclass(frozen=True, kw_only=True)
class LedgerScale(Experiment):
    """What the ledger alone costs: empty jobs, by workers and by the number of finished jobs.

    Question   What does a job cost on top of what it does, who gets in whose way, and what of it
               grows with the history?
    Set-up     A storage with so many finished jobs; then workers, processes that import no
               framework, do empty jobs together in the calls that `execution.work` makes, each in
               an order of its own. Folder and SQLite lie in memory, PostgreSQL has fsync off: no
               disk is measured.
    Columns    CPU milliseconds a job, of all workers and of the server; calls a job, of files (as
               Python's audit tells; not stat) or of SQL (statements and commits); claims a job;
               jobs a second on this machine as it was, busy or not; a look at what others have
               finished; jobs lost and done twice. Medians over rounds.
    Cost       Twenty CPU minutes; quick: one.
    Command    python -m benchmarks run ledger.scale --out results
    """

    exclusive: ClassVar[bool] = True
    seeds: ClassVar[int] = 0  # type: ignore[misc]  # rounds take their place
    rounds: int = option(3, "of each crew", least=1, most=1000, quick=1)
    jobs: int = option(200, "empty jobs of a round", least=1, most=1_000_000, quick=20)
    crews: tuple[int, ...] = option((1, 8, 32), "workers side by side", least=1, quick=(1, 4))
    finished: tuple[int, ...] = option(
        (1_000, 10_000, 100_000), "jobs that are finished before", least=0, quick=(100,)
    )
    stores: tuple[str, ...] = option(tuple(LOOKS), "what the records lie in", choices=LOOKS)
    machine: str = option("", "what is measured; this processor where none is named")
    server: str = option("", "version of PostgreSQL; the installed one where none is named")

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        said = {name: value for name, value in (given or {}).items() if value is not None}
        return super().at(preset, {"machine": processor(), "server": version()} | said)

    def plan(self) -> Plan:
        yield {"cells": list(self.cells()), "measured": Recorded(FUNCTION)}

    def cells(self) -> Iterator[Computation]:
        for store in self.stores:
            if store == "PostgreSQL" and self.server in ("", "none"):
                continue
            most = MOST.get(store, max(self.finished))
            for finished in [n for n in self.finished if n <= most] or [most]:
                more = store == "PostgreSQL" and finished == min(self.finished)
                crews = [*self.crews, *[CREW] * (more and max(self.crews) > 8)]
                yield Computation(
                    FUNCTION,
                    {"store": store, "finished": finished, "workers": crews, "jobs": self.jobs}
                    | {"rounds": self.rounds, "machine": self.machine, "server": self.server},
                    effort=finished / 100 + sum(crews) * self.rounds,
                )

    def summary(self, found: Found) -> Iterable[str]:
        frame = _frame(found)
        jobs = f"{int(frame.jobs.sum()):,} empty jobs"
        yield f"{jobs}: {frame.lost.sum()} lost, {frame.doubled.sum()} done twice."
        if "PostgreSQL" not in set(frame.store):
            yield "PostgreSQL was not measured: no server is installed (initdb is not found)."

    def tables(self, found: Found) -> Iterator[Table]:
        for machine, part in _frame(found).groupby("machine"):
            yield medians(str(machine), part)

    def figures(self, found: Found) -> Iterator[Figure]:
        for machine, part in _frame(found).groupby("machine"):
            yield growth(found.folder, str(machine), part)


def _frame(found: Found) -> pd.DataFrame:
    """A row a crew and round, of every machine."""
    group = found["measured"]
    pairs = zip(group.jobs, group, strict=True)
    return pd.DataFrame([{**job.arguments, **row} for job, rows in pairs for row in rows])
