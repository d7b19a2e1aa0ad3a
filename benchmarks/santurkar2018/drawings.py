"""What probes say over training, an arm a line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from benchmarks.santurkar2018.reading import measured
from keras_norms.lab.found import Group
from keras_norms.lab.report.figures import Figure, colour, drawing, marker

LINES = {"L1": "--", "L2": ":", "L∞": "-."}


def draw_looks(axis: Axes, groups: Mapping[str, Group], what: str) -> None:
    """One of `reading.MEASURES` over the steps, median over the seeds that are still whole.

    Args:
        groups: by arm what the probe "smoothness" answered.
    """
    for arm, group in groups.items():
        steps = max(([row["step"] for row in rows] for rows in group), key=len)
        columns = [[measured(rows[k], what) for rows in group if k < len(rows)]
                   for k in range(len(steps))]  # fmt: skip
        spec = group.jobs[0].normalizer
        look = {"color": colour(spec), "marker": marker(spec), "markersize": 4}
        axis.plot(steps, [np.median(c) for c in columns], LINES.get(arm, "-"), label=arm, **look)
    axis.set(yscale="log", xlabel="step", ylabel=what)


def draw_shifts(
    figure: Figure, groups: Mapping[tuple[str, str], Group], probe: str, lines: Mapping[str, str]
) -> Figure:
    """Shift and cosine, a row each, over the steps; a column a network, medians over layers.

    Args:
        groups: by network and arm.
        lines: by arm its style.
    """
    networks = list(dict.fromkeys(network for network, _ in groups))
    with drawing(figure, width=9, height=6, rows=2, columns=len(networks), shared=False) as axes:
        for (network, arm), group in groups.items():
            looks = group.probed(probe)
            least = min(map(len, looks))  # fewer where a run blew up
            for row, what in enumerate(("shift", "cosine")):
                every = [[np.median(one[what]) for one in rows[:least]] for rows in looks]
                axis = axes[row, networks.index(network)]
                look = {"color": colour(group.jobs[0].normalizer), "label": arm}
                steps = [one["step"] for one in looks[0][:least]]
                axis.plot(steps, np.median(every, axis=0), lines[arm], **look)
                axis.set(title=network, xlabel="step", ylabel=what)
                axis.set_yscale("log" if what == "shift" else "linear")
        axes[0, -1].legend(loc="center right")
    return figure
