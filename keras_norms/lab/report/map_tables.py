"""A map as tables: its cells, and the slope of each edge over depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from keras_norms.lab.edges.threshold import EDGES
from keras_norms.lab.report.accuracy_plot import best_runs, value_of
from keras_norms.lab.report.map_rows import Row, by_family, slope_of
from keras_norms.lab.report.tables import Table, number, percent

WORDS = {"blow_up": "blow-up", "alive": "trains", "useful": "useful", "lower": "lower"}
SLOPES = ("blow_up", "alive", "useful")


def cells_table(name: str, rows: Sequence[Row]) -> Table:
    """One row a cell; the CSV has its numbers."""
    shown, tidy = [], []
    for row in rows:
        cell, best = row.cell, best_runs(row.cell)
        accuracies = [value_of(outcome) for outcome in best]
        rates = [outcome.run.learning_rate for outcome in best]
        where = {"family": row.family, "normalizer": row.arm, "depth": row.depth}
        told = {WORDS[edge]: str(cell.edge(edge)) for edge in WORDS}
        accuracy = percent(float(np.median(accuracies)))
        spread = f"({percent(min(accuracies))} to {percent(max(accuracies))})"
        counted = {"seeds": len(cell.seeds), "runs": len(cell.outcomes)}
        counted["out of order"] = cell.out_of_order
        at = number(float(np.median(rates)))
        shown.append({**where, **told, "best accuracy": f"{accuracy} {spread} at {at}", **counted})
        tidy.append(
            {
                **where,
                **{k: v for edge in EDGES for k, v in numbers(row, edge).items()},
                "best_accuracy": float(np.median(accuracies)),
                "best_rate": float(np.median(rates)),
                "steps": cell.program.steps,
                **counted,
            }
        )
    caption = (
        "Edges of the learning rate: median over seeds [its 90 % interval]; the range that holds "
        "the edge of a new seed with probability 90 %. Unknown: the interval is wider than a "
        "decade. Best accuracy: on the test set at the best rate tried, median over seeds (lowest "
        "to highest), and the median of those rates. Out of order: runs that did not train between "
        "rates that did, a measure of the edge's roughness."
    )
    return Table(f"{name}-cells", pd.DataFrame(shown), caption, pd.DataFrame(tidy).round(4))


def numbers(row: Row, name: str) -> dict[str, float | bool]:
    """An edge's columns in the CSV: learning rates, and the width of the interval in decades."""
    edge = row.cell.edge(name)
    values = {
        "median": edge.median,
        "low": edge.interval[0],
        "high": edge.interval[1],
        "new_seed_low": edge.new_seed[0],
        "new_seed_high": edge.new_seed[1],
        "decades": edge.decades,
        "any_passed": edge.any_passed,
    }
    return {f"{name}_{part}": value for part, value in values.items()}


def slopes_table(name: str, rows: Sequence[Row]) -> Table:
    """One row an arm of a family."""
    shown, tidy = [], []
    for family, arms in by_family(rows).items():
        for arm, cells in arms.items():
            found = {edge: slope_of(cells, edge) for edge in SLOPES}
            where = {"family": family, "normalizer": arm}
            shown.append(
                {
                    **where,
                    **{WORDS[edge]: str(one) for edge, one in found.items()},
                    "depths of the trains edge": ", ".join(map(str, found["alive"].depths)) or "–",
                }
            )
            tidy += [
                {
                    **where,
                    "edge": WORDS[edge],
                    "slope": one.value,
                    "low": one.interval[0],
                    "high": one.interval[1],
                    "scatter": one.scatter,
                    "depths": " ".join(map(str, one.depths)),
                }
                for edge, one in found.items()
            ]
    caption = (
        "Slope of each edge over depth: the exponent a of edge = c depth^a, by weighted least "
        "squares over the depths whose edge is a rate of the range and known to a decade, with its "
        "90 % interval, widened where the edges scatter around the line by more than their own "
        "intervals. Depths at which no rate passes are not part of it, so a slope is that of the "
        "depths that train. –: fewer than two depths."
    )
    return Table(f"{name}-slopes", pd.DataFrame(shown), caption, pd.DataFrame(tidy).round(4))
