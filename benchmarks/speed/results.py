"""Measured cells as one tidy frame: a row each cell, side and quantity, with paired ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.speed.layers import FLOOR, KERAS, NATIVE, OURS
from benchmarks.speed.measuring import Measurement
from benchmarks.speed.networks import NONE

# side -> the column of what it is measured against
AGAINST = {KERAS: "over_keras", NATIVE: "over_native", FLOOR: "over_floor"}
AGAINST |= {OURS: "over_ours", NONE: "over_none"}
CELL = ["backend", "device", "mode", "subject", "name", "work", "shape", "dtype"]
QUARTILES = {"": 0.5, "_q25": 0.25, "_q75": 0.75}
COLUMNS = [*CELL, "side", "quantity", "median", "q25", "q75"]
COLUMNS += [column + end for column in AGAINST.values() for end in QUARTILES]
COLUMNS += ["values", "library", "keras", "commit"]


def results(found: Sequence[Measurement]) -> pd.DataFrame:
    """Columns as in `COLUMNS`.

    A ratio's quartiles are those of the ratios of neighbours, side over side in one round; where
    a quantity has one value there is one ratio.
    """
    rows = []
    for measurement in found:
        cell = measurement.cell.as_dict()
        origin = {key: measurement.origin[key] for key in ("library", "keras", "commit")}
        for quantity, sides in measurement.measured.items():
            for side, values in sides.items():
                low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
                rows.append(
                    {
                        **{name: cell[name] for name in CELL},
                        "side": side,
                        "quantity": quantity,
                        "median": middle,
                        "q25": low,
                        "q75": high,
                        **_ratios(values, sides),
                        "values": len(values),
                        **origin,
                    }
                )
    return pd.DataFrame(rows, columns=COLUMNS)


def _ratios(values: Sequence[float], sides: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The columns of what the cell has beside this side; bytes over no bytes are no ratio."""
    ratios = {}
    for side, column in AGAINST.items():
        if side in sides and all(sides[side]):
            ratio = np.asarray(values) / np.asarray(sides[side])
            ratios |= {column + end: np.quantile(ratio, at) for end, at in QUARTILES.items()}
    return ratios


def place(row: Mapping[str, str]) -> str:
    """The backend and mode of a row as they are read: "TensorFlow graph"."""
    names = {"tensorflow": f"TensorFlow {row['mode']}", "jax": "JAX", "torch": "torch"}
    return names[row["backend"]] + (" (GPU)" if row["device"] == "gpu" else "")
