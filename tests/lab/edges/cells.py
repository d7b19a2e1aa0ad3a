"""Cells with runs by rule, for what is drawn and told of them."""

from __future__ import annotations

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.search import Search
from keras_norms.lab.edges.verdict import Verdict
from tests.lab.pretending import outcome, run


def cell(normalizer: str, depth: int, *trains: float | None, **fields: object) -> Cell:
    """A seed for each of `trains`, the edge at which its runs stop training; None: none trains."""
    program = run(normalizer=normalizer, depth=depth, **fields)
    outcomes = []
    for seed, edge in enumerate(trains):
        for k in range(-16, 17):
            rate = 10 ** (k / 8)
            verdict = Verdict.UNTRAINED if edge is None or rate > edge else Verdict.ALIVE
            if rate > 5.0:
                verdict = Verdict.BLEW_UP
            outcomes.append(outcome(run(rate, seed, normalizer=normalizer, depth=depth), verdict))
    return Search(1e-2, 1e2, seeds=len(trains)).cell(program).given(outcomes)
