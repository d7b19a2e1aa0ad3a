"""The figures as the paper draws them: heat maps, walks along a gradient, learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from keras_norms.lab.found import Group
from keras_norms.lab.report.figures import Figure, colour, drawing

LINES = ("-", "--", ":", "-.")
COLUMNS = {"train_accuracy": "training accuracy", "test_accuracy": "test accuracy"}


def heat_map(axis: Axes, values: np.ndarray, **looks: Any) -> Any:
    """Rows from top to bottom, without a grid; what a colour bar needs."""
    axis.grid(False)
    return axis.imshow(values, aspect="auto", interpolation="nearest", **looks)


def draw_step(figure: Figure, rows: Mapping[str, Any], layers: Sequence[int]) -> Figure:
    """Channel means (above) and the logarithm of variances (below) by share of a step.

    Args:
        rows: what the probe "step" answered.
        layers: those it looked at, as they are called.
    """
    wide = len(layers)
    with drawing(figure, width=3.6 * wide, height=6, rows=2, columns=wide, shared=False) as axes:
        for k, layer in enumerate(layers):
            mean = np.array([row[k] for row in rows["mean"]], float)
            variance = np.array([row[k] for row in rows["variance"]], float)
            logs = np.log10(np.maximum(variance, np.finfo(np.float32).tiny))
            for axis, values, what, cmap in (
                (axes[0, k], mean, "mean", "RdBu_r"),
                (axes[1, k], logs, "log10 variance", "viridis"),
            ):
                reach = float(np.abs(mean[np.isfinite(mean)]).max(initial=0)) or 1.0
                limits = {"vmin": -reach, "vmax": reach} if what == "mean" else {}
                extent = (0, values.shape[1], 0, 100)
                drawn = heat_map(axis, values, origin="lower", cmap=cmap, extent=extent, **limits)
                axis.set(title=f"{what}, layer {layer}", xlabel="channel", ylabel="% of the step")
                axis.figure.colorbar(drawn, ax=axis)
    return figure


def draw_walks(figure: Figure, walks: Mapping[str, Group], batches: Sequence[int]) -> Figure:
    """The loss after a step over the loss before it, a panel a mini-batch, a line a seed.

    Args:
        walks: by normalizer what the probe "ray" answered.
        batches: counted from 1.
    """
    wide = len(batches)
    with drawing(figure, width=3.4 * wide, height=3.8, columns=wide) as axes:
        for axis, batch in zip(np.atleast_1d(axes), batches, strict=True):
            for normalizer, group in walks.items():
                lines = [row for rows in group for row in rows if row["step"] == batch - 1]
                for k, row in enumerate(lines):
                    relative = np.array(row["loss"], float) / row["first"]
                    look = {"color": colour(normalizer), "label": "" if k else group.name}
                    axis.plot(row["alpha"], relative, linewidth=1, **look)
                seeds = sum(1 for _ in group)
                if lost := seeds - len(lines):  # or one would look for lines that cannot be
                    said = f"{group.name}: {lost} of {seeds} ended before"
                    shade = colour(normalizer)
                    axis.text(0.03, 0.95, said, transform=axis.transAxes, va="top", color=shade)
            axis.set(title=f"mini-batch {batch}", xlabel="step along the gradient")
            axis.set(xscale="log", yscale="log", ylim=(1e-2, 1e6))
        np.atleast_1d(axes)[0].set_ylabel("relative loss")
        np.atleast_1d(axes)[0].legend()
    return figure


def draw_training(figure: Figure, arms: Mapping[str, Group]) -> Figure:
    """Training and test accuracy over the share of training, the median and all of the seeds.

    Runs that blew up have no line: the table says how they ended.
    """
    with drawing(figure, width=9.5, height=4.2, columns=2) as axes:
        for axis, (column, words) in zip(axes, COLUMNS.items(), strict=True):
            for line, (name, group) in zip(LINES, arms.items(), strict=False):
                whole = [one for one in group if not one.verdict.blown]
                if not whole:
                    continue
                shares = 100 * np.array(whole[0].curve["step"]) / whole[0].run.steps
                curves = 100 * np.array([one.curve[column] for one in whole])
                shade = colour(whole[0].run.normalizer)
                axis.plot(shares, np.median(curves, 0), line, color=shade, label=name)
                axis.fill_between(shares, curves.min(0), curves.max(0), alpha=0.15, color=shade)
            axis.set(title=words, xlabel="% of training", ylabel="%")
        axes[0].legend()
    return figure
