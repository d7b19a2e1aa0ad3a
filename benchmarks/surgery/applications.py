"""Does surgery work on any finished model?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from benchmarks.surgery.tables import architectures_table, left_table, rows_of, said_of_folds
from keras_norms.lab.backend import backend
from keras_norms.lab.experiment import Experiment, Plan
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table
from keras_norms.lab.walk import Recorded

FUNCTION = "benchmarks.surgery.checks.architecture"


@dataclass(frozen=True, kw_only=True)
class Applications(Experiment):
    """Every architecture of keras.applications, folded and converted.

    Question   Does surgery work on any finished model?
    Networks   Every architecture of `keras.applications`, with random weights, the smallest image
               that it takes, and ten classes. Batch normalization is given a random gamma and beta
               and the statistics of some images, perturbed: otherwise a fold would be of nothing.
    fold       The outputs agree with those before. In float64 to 1e-5 of the largest; in float32 to
               that too or, where the network itself is not computed as well, to twice its own
               rounding: its distance from itself in float64.
    batch and  Keras's batch normalization to this library's and back: the same weights, the same
    back       outputs to the last bit.
    group, ... Converted so, the network runs, takes one step of SGD with a finite loss, is saved,
               and once loaded has the same outputs. Steps are taken without a graph: to trace one
               takes longer.
    Found      With such statistics the EfficientNets magnify rounding, the larger ones to the size
               of their outputs, so that two float32 computations say nothing of one another; some
               folds exceed the bound there and count as failures. In float64 all agree.
    Cost       About 40 CPU minutes a backend for all; quick: one small network. The page has all
               backends that the storage has.
    Command    python -m benchmarks run surgery.applications --out results
    """

    seeds: ClassVar[int] = 0  # type: ignore[misc]  # one set of weights and images each
    names: tuple[str, ...] = option(("all",), "architectures", quick=("MobileNet",))
    backend: str = option("", "Keras backend; the running one where none is named")

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        made, known = super().at(preset, given), _architectures()
        for name in made.names:
            if name not in (*known, "all"):
                raise made.invalid("names", f"write some of {', '.join(known)}")
        names = known if "all" in made.names else made.names
        return replace(made, names=names, backend=made.backend or backend())

    def plan(self) -> Plan:
        names = _architectures() if "all" in self.names else self.names
        yield {"tried": [self.check(name) for name in names], "every": Recorded(FUNCTION)}

    def check(self, name: str) -> Computation:
        return Computation(FUNCTION, {"name": name}, backend=self.backend or backend())

    def summary(self, found: Found) -> Iterator[str]:
        for each, frame in rows_of(found["every"]).groupby("backend", sort=False):
            failed = frame[frame["failed"] != ""]
            tried, wrong = frame["architecture"].nunique(), failed["architecture"].nunique()
            yield f"{each}: {tried} architectures tried, {tried - wrong} without a failure."
            yield from (
                f"{r.architecture}, {r.operation}: {r.failed}." for r in failed.itertuples()
            )
            yield from said_of_folds(frame, str(each))

    def tables(self, found: Found) -> Iterable[Table]:
        frame = rows_of(found["every"])
        return architectures_table(frame), left_table(frame)


def _architectures() -> tuple[str, ...]:
    from benchmarks.surgery.architectures import names

    return tuple(names())
