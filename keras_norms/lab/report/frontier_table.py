"""The largest stable learning rate as a table, and in words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from keras_norms.lab.edges.cell import Cell, spoken
from keras_norms.lab.report.frontier_plot import DEPTH, Along
from keras_norms.lab.report.tables import Table


def frontier_table(cells: Sequence[Cell], name: str, steps: int, along: Along = DEPTH) -> Table:
    """One row a cell; the CSV has one row a seed, with the median and interval of each edge."""
    rows = [
        {
            "normalizer": cell.program.normalizer,
            along.column: along.of(cell),
            f"trains ({steps} steps)": str(cell.trains),
            "seeds: trains": ", ".join(map(spoken, cell.trains.values)),
            "blow-up": str(cell.blow_up),
            "seeds: blow-up": ", ".join(map(spoken, cell.blow_up.values)),
            "out of order": cell.out_of_order,
            "runs": len(cell.outcomes),
        }
        for cell in cells
    ]
    tidy = [
        {
            "normalizer": cell.program.normalizer,
            along.column: along.of(cell),
            "seed": seed,
            "steps": steps,
            "runs": known.runs,
            **{
                f"{edge}_{part}_log10": value
                for edge, estimate in (("trains", known.trains), ("blow_up", known.blow_up))
                for part, value in zip(
                    ("median", "low", "high"),
                    (estimate.median, *estimate.interval()),
                    strict=True,
                )
            },
        }
        for cell in cells
        for seed, known in cell.seeds.items()
    ]
    caption = (
        f"Largest learning rate that trains within {steps} steps, and largest before blow-up: "
        "median over seeds [its 90 % interval], the range that holds the edge of a new seed with "
        "probability 90 %, and the median of each seed. Unknown: the interval of the median is "
        "wider than a decade. Out of order: runs that did not train between learning rates that "
        "did."
    )
    return Table(name, pd.DataFrame(rows), caption, pd.DataFrame(tidy).round(3))


def frontier_summary(cells: Sequence[Cell], steps: int, along: Along = DEPTH) -> list[str]:
    """One sentence a row of cells."""
    sentences = []
    for place in sorted({along.of(cell) for cell in cells}):
        found = [
            f"{cell.trains.brief} ({cell.program.normalizer.split(':')[0]})"
            for cell in cells
            if along.of(cell) == place
        ]
        sentences.append(
            f"{along.column.capitalize()} {place}: the largest learning rate that trains within "
            f"{steps} steps is {', '.join(found)}."
        )
    return sentences
