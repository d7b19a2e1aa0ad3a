"""What was logged over time, a column a quantity, and drawn."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def wide(rows: Iterable[Row]) -> Any:
    """A `pandas.DataFrame`: a row for each step and layer, a column for each quantity.

    Quantities that a layer does not have are NaN.

    Raises:
        ImportError: pandas is not installed.
    """
    pandas = _installed("pandas", "wide()", "or read `report.rows`, a list of dicts")
    frame = pandas.DataFrame(list(rows), columns=["epoch", "step", "layer", "quantity", "value"])
    # By hand: a pivot sorts both ways, and the order is that of the model.
    quantities = list(dict.fromkeys(frame["quantity"]))
    index = ["epoch", "step", "layer"]
    table = frame.drop_duplicates([*index, "quantity"], keep="last")
    table = table.set_index([*index, "quantity"])["value"].unstack("quantity")
    order = list(dict.fromkeys(zip(*(frame[name] for name in index), strict=True)))
    return table.reindex(order)[quantities].rename_axis(columns=None)


def plot(rows: Iterable[Row], quantities: Sequence[str]) -> Any:
    """A `matplotlib` figure: quantities below one another by step, a line a layer.

    Raises:
        ImportError: pandas or matplotlib is not installed.
        ValueError: no quantities, or one that was not logged.
    """
    table = wide(rows).droplevel("epoch")
    unknown = [name for name in quantities if name not in table]
    if unknown or not quantities:
        raise ValueError(
            f"Argument `quantities`={tuple(quantities)!r} must name what was logged: "
            f"{', '.join(map(repr, table)) or 'nothing yet'}."
        )
    figures = _installed("matplotlib.figure", "plot()", "or draw `wide()` yourself")
    figure = figures.Figure(figsize=(7, 2.5 * len(quantities)), layout="constrained")
    every = figure.subplots(len(quantities), sharex=True, squeeze=False)[:, 0]
    for axes, quantity in zip(every, quantities, strict=True):
        lines = table[quantity].dropna().unstack("layer", sort=False)
        for layer in lines:
            axes.plot(lines.index, lines[layer], marker=".", label=layer)
        axes.set_ylabel(quantity)
        axes.legend(fontsize="small")
    every[-1].set_xlabel("step")
    return figure


def _installed(package: str, what: str, instead: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        name = package.partition(".")[0]
        raise ImportError(
            f"NormMonitor.{what} needs {name}, which is not installed. Install it "
            f"(`pip install {name}`), {instead}."
        ) from error
