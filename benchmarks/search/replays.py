"""How many runs both edges take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from benchmarks.search.page import by_runs, by_steps, cells_table, frame_of, shares_table
from keras_norms.lab.experiment import Experiment, Plan
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table
from keras_norms.lab.target import Target, counted

PLACE = "benchmarks.search.traces"
OTHERS = ("bisection", "TPE", "GP", "grid", "random")
LEAST = 0.9


@dataclass(frozen=True, kw_only=True)
class Replays(Experiment):
    """How many runs the two edges of stability take: the threshold sampler beside the usual ones.

    Question   Within how many runs does a method know both edges to a tenth of a decade?
    Data       Dense grids of 12 cells (3 models, 4 normalizers, 6 seeds), recorded once by
               `search.grids` and committed.
    Replay     A method asks for rates between 10^-5 and 10^2 and is answered by the nearest
               recorded run of the grid, which is moved by up to half a decade. Two protocols: a
               replay stays with one seed, whose edges are the answer; or each run has a seed of its
               own, and the median over the seeds is.
    Methods    All must find both edges with the same runs; `methods.py` says how. A replay counts
               where both edges are within 0.1 decades.
    Claims     With one seed and after 16 runs: the share of replays, with its exact interval, and
               against each other method the share among those that only one of the two has right.
    Cost       6 CPU minutes, half of them for the batches.
    Command    python -m benchmarks run search.replays --out results
    """

    seeds: int = option(6, "replays of a cell", least=1, most=1000, quick=1)

    def plan(self) -> Plan:
        from benchmarks.search.methods import METHODS
        from benchmarks.search.recorded import CELLS, digest, name_of
        from benchmarks.search.replay import PROTOCOLS

        grid, cells = digest(), [name_of(cell) for cell in CELLS]
        groups = {
            f"{method}, {protocol}": [
                job for cell in cells for job in self.paired(_replay(method, protocol, cell, grid))
            ]
            for method, protocol in product(METHODS, PROTOCOLS)
        }
        of_cells = [Computation(f"{PLACE}.edges", {"cell": c, "grid": grid}) for c in cells]
        yield {**groups, "cells": of_cells}

    def claims(self, found: Found) -> Iterator[Target]:
        frame = frame_of(found)
        last = frame[(frame.protocol == "one seed") & (frame.runs == frame.runs.max())]
        right = last.assign(right=last.close).pivot_table("right", ["cell", "replay"], "method")
        ours = right["threshold"].reset_index(drop=True)
        share = Quantity("share with both edges (threshold)", dict(ours.astype(float)), share=True)
        said = "After 16 runs the threshold sampler has both edges within 0.1 decades"
        yield Target(f"{said} in 90 % of replays.", share >= LEAST, pairs="replays")
        for other in OTHERS:
            theirs = right[other].reset_index(drop=True)
            only = ours[ours != theirs].astype(float)
            if len(only):
                share = Quantity(f"share of threshold alone, not {other}", dict(only), share=True)
                yield Target(f"{said} more often than {other}.", share > 0.5, pairs="replays")

    def summary(self, found: Found) -> Iterable[str]:
        yield counted(list(self.claims(found)))

    def tables(self, found: Found) -> Iterator[Table]:
        frame = frame_of(found)
        for name, protocol in (("one-seed", "one seed"), ("a-seed-a-run", "a seed a run")):
            yield shares_table(frame, protocol, f"search-{name}")
        yield cells_table(found["cells"])

    def figures(self, found: Found) -> Iterable[Figure]:
        frame = frame_of(found)
        return by_runs(found.folder, frame), by_steps(found.folder, frame)


def _replay(method: str, protocol: str, cell: str, grid: str) -> Computation:
    given = {"method": method, "protocol": protocol, "cell": cell, "grid": grid}
    return Computation(f"{PLACE}.replayed", given, seed=0)
