"""The table and the figure of the comparison."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from benchmarks.search import errors
from benchmarks.search.replay import PROTOCOLS
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table, number, percent

SHOWN = (8, 12, 16)
EDGES = {"blow_up": ("blow-up", (0, (4, 2.5))), "trains": ("trains", "-")}
LOOKS = {
    "threshold": ("#0072b2", "o"),
    "threshold, batches of 4": ("#56b4e9", "s"),
    "bisection": ("#e69f00", "^"),
    "TPE": ("#009e73", "D"),
    "GP": ("#cc79a7", "v"),
    "grid": ("#d55e00", "P"),
    "random": ("#6b6b6b", "X"),
}


def table(found: pd.DataFrame, protocol: str, name: str) -> Table:
    """Share of replays within a tenth of a decade, a row a method, by own and by same estimate."""
    mine = found[found.protocol == protocol]
    rows = []
    for method in [each for each in LOOKS if each in set(mine.method)]:
        of_method = mine[mine.method == method]
        last = of_method[of_method.runs == SHOWN[-1]]
        row = {"method": method, "replays": str(len(last) // len(EDGES))}
        for edge, (words, _) in EDGES.items():
            for runs in SHOWN:
                cell = of_method[(of_method.edge == edge) & (of_method.runs == runs)]
                own, same = ((cell[by] <= errors.CLOSE + 1e-9).mean() for by in errors.ESTIMATES)
                row[f"{words}, {runs} runs"] = f"{percent(own)} / {percent(same)}"
        rows.append(row | {f"steps, {SHOWN[-1]} runs": number(last.steps.median())})
    caption = (
        f"Replays within 0.1 decades of the dense grid's answer, {protocol}: by the method's own "
        "estimate / by the posterior median of its runs. Steps: median of a replay."
    )
    return Table(name, pd.DataFrame(rows), caption)


def draw(folder: Path, found: pd.DataFrame) -> Figure:
    """Share of replays within a tenth of a decade against runs; a panel would hide the twin edge."""
    figure = Figure(
        "search",
        folder,
        "Share of replays within 0.1 decades of the dense grid's answer against the runs used for "
        f"both edges, {PROTOCOLS[0]}, each method by its own estimate. Solid: trains. Dashed: "
        "blow-up.",
    )
    share = errors.close(found[found.protocol == PROTOCOLS[0]], "own")
    with drawing(figure) as axes:
        for method, (ink, mark) in LOOKS.items():
            for edge, (_, dashes) in EDGES.items():
                if (PROTOCOLS[0], method, edge) not in share.index.droplevel("runs"):
                    continue
                line = share[PROTOCOLS[0], method, edge]
                face = ink if edge == "trains" else "white"
                axes.plot(line.index, line, mark, ls=dashes, color=ink, mfc=face, ms=5)
        axes.axhline(0.9, color="#999999", lw=1, ls=(0, (2, 2)), zorder=1)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set(xlabel="runs for both edges", ylabel="within 0.1 decades", ylim=(0, 1.02))
        axes.set_title("Finding both edges of stability")
        lines = [
            Line2D([], [], color=ink, marker=mark, label=method)
            for method, (ink, mark) in LOOKS.items()
            if method in set(found.method)
        ]
        grey = {"color": "#333333", "marker": "o", "ms": 5}
        lines += [Line2D([], [], ls="-", label="trains", **grey)]
        lines += [Line2D([], [], ls=EDGES["blow_up"][1], mfc="white", label="blow-up", **grey)]
        axes.figure.legend(handles=lines, loc="outside right center", handlelength=3)
    return figure
