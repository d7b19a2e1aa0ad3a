"""The largest stable learning rate as a table, and in words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from keras_norms.lab.report.tables import Table
from keras_norms.lab.stability.frontier import Cell


def frontier_table(cells: Sequence[Cell], name: str, steps: int) -> Table:
    """One row a normalizer and depth; the CSV has one row a seed, with both sides of each edge."""
    rows = []
    for cell in cells:
        none = sum(edges.trains.below is None for edges in cell.seeds.values())
        rows.append(
            {
                "normalizer": cell.normalizer,
                "depth": cell.depth,
                f"trains ({steps} steps)": str(cell.trains),
                "blow-up": str(cell.blow_up),
                "seeds": f"{len(cell.seeds)}" + (f", {none} with no rate" if none else ""),
                "out of order": sum(edges.out_of_order for edges in cell.seeds.values()),
                "runs": cell.runs,
            }
        )
    tidy = [
        {
            "normalizer": cell.normalizer,
            "depth": cell.depth,
            "seed": seed,
            "steps": steps,
            "trains_below": edges.trains.below,
            "trains_above": edges.trains.above,
            "blow_up_below": edges.blow_up.below,
            "blow_up_above": edges.blow_up.above,
            "out_of_order": edges.out_of_order,
        }
        for cell in cells
        for seed, edges in cell.seeds.items()
    ]
    caption = (
        f"Largest learning rate that trains within {steps} steps, and largest below the first "
        "blow-up: median over seeds (smallest to largest seed). Out of order: runs that did not "
        "train between learning rates that did."
    )
    return Table(name, pd.DataFrame(rows), caption, pd.DataFrame(tidy))


def frontier_summary(cells: Sequence[Cell], steps: int) -> list[str]:
    """One sentence a depth."""
    sentences = []
    for depth in sorted({cell.depth for cell in cells}):
        found = [
            f"{_short(cell.trains.median)} ({cell.normalizer.split(':')[0]})"
            for cell in cells
            if cell.depth == depth
        ]
        sentences.append(
            f"Depth {depth}: the largest learning rate that trains within {steps} steps is "
            f"{', '.join(found)}."
        )
    return sentences


def _short(rate: float | None) -> str:
    return "no rate" if rate is None else f"{rate:.2g}"
