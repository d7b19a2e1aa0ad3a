"""Does surgery work on any finished model?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.surgery.models import ModelsExperiment
from benchmarks.surgery.tables import architectures_table, left_table, rows_of, said_of_folds
from keras_norms.lab.found import Found
from keras_norms.lab.report.tables import Table


@dataclass(frozen=True, kw_only=True)
class Applications(ModelsExperiment):
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

    function = "benchmarks.surgery.checks.architecture"

    @classmethod
    def known(cls) -> tuple[str, ...]:
        from benchmarks.surgery.architectures import names

        return tuple(names())

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
        return (architectures_table(frame), left_table(frame)) if len(frame) else ()
