"""The table and the figure of what a job costs on a ledger."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from keras_norms.lab.machine import slug
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, number

LOOKS = {"folder": ("#0072b2", "o"), "SQLite": ("#e69f00", "s"), "PostgreSQL": ("#009e73", "^")}
STYLES = ("-", "--", ":", "-.")
INK = "#333333"


def medians(machine: str, frame: pd.DataFrame) -> Table:
    """A line each store, history and crew; every round in the CSV."""
    jobs = frame.jobs
    columns = {
        "CPU ms a job": 1e3 * frame.cpu / jobs,
        "of the server": 1e3 * frame.server / jobs,
        "calls a job": frame.calls / jobs,
        "claims a job": frame.tries / jobs,
        "jobs a second": jobs / frame.seconds,
        "a look, ms": 1e3 * frame["look"],
    }
    place = frame.store.map([*LOOKS].index).rename("place")
    kept = frame.assign(**columns).groupby([place, "store", "finished", "workers"])
    rows = kept[[*columns]].median().map(number)
    shown = rows.assign(**kept[["lost", "doubled"]].sum()).reset_index().drop(columns="place")
    shown.finished = shown.finished.map("{:,}".format)
    said = f"{machine}: empty jobs, medians of rounds; the machine may have been busy."
    return Table(f"ledger-scale-{slug(machine)}", shown.astype(str), said, frame)


def growth(folder: Path, machine: str, frame: pd.DataFrame) -> Figure:
    """CPU time of a job, and of a look, against the number of finished jobs."""
    said = (
        f"{machine}: CPU time of an empty job, workers and server together, and of a look at what "
        "others have finished; medians of rounds."
    )
    figure = Figure(f"ledger-scale-{slug(machine)}", folder, said)
    spent = 1e3 * (frame.cpu + frame.server) / frame.jobs
    crews = sorted(frame.workers.unique())
    with drawing(figure, width=9.5, columns=2, shared=False) as (left, right):
        _draw(left, frame.assign(y=spent), crews, "CPU ms of an empty job")
        least = frame[frame.workers == crews[0]]
        _draw(right, least.assign(y=1e3 * least["look"]), crews, "CPU ms of a look")
        handles = [Line2D([], [], color=c, marker=m, label=s) for s, (c, m) in LOOKS.items()]
        styles = zip(crews, STYLES, strict=False)
        handles += [Line2D([], [], color=INK, ls=s, label=f"{n} side by side") for n, s in styles]
        left.figure.legend(handles=handles, loc="outside right center")
    return figure


def _draw(axes: Axes, frame: pd.DataFrame, crews: list[int], label: str) -> None:
    for (store, workers), line in frame.groupby(["store", "workers"]):
        values = line.groupby("finished").y.median()
        colour, marker = LOOKS[str(store)]
        style = STYLES[crews.index(workers) % len(STYLES)]
        axes.plot(values.index, values, ls=style, color=colour, marker=marker, ms=5)
    axes.set(xscale="log", yscale="log", xlabel="finished jobs", ylabel=label)
