"""Lines and colours that the paper's figures share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from benchmarks.lubana2021.networks import ARMS
from keras_norms.lab.found import Group
from keras_norms.lab.report.figures import colour, marker

RELATIVES = {"LN": "layer", "one group": "layer"}  # which a group normalization of one group is
DASHED = ("EvoNormBO", "EvoNormSO", "WN", "SWS", "none")


def look(arm: str) -> dict[str, str]:
    """Colour, marker and line of a normalizer, by the paper's name."""
    spec = RELATIVES.get(arm, ARMS.get(arm, "none"))
    return {"color": colour(spec), "marker": marker(spec), "ls": "--" if arm in DASHED else "-"}


def draw_lines(axis: Axes, arms: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """By arm a line over 1, 2, 3, ...: the median over seeds, with a band over all of them."""
    for arm, rows in arms.items():
        values = np.array(rows, float)
        x, style = np.arange(1, values.shape[1] + 1), look(arm)
        axis.plot(x, np.median(values, 0), ms=3, label=arm, **style)
        axis.fill_between(x, values.min(0), values.max(0), alpha=0.12, color=style["color"], lw=0)


def draw_layers(axis: Axes, arms: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """By arm the median over seeds, a layer a point; group sizes from light to dark."""
    sizes = [arm for arm in arms if arm.startswith("size ")]
    shades = dict(zip(sizes, np.linspace(0.25, 1, len(sizes)), strict=True))
    for arm, rows in arms.items():
        values = np.median(np.array(rows, float), 0)
        style = {"color": colormaps["Greens"](shades[arm])} if arm in shades else look(arm)
        axis.plot(np.arange(1, len(values) + 1), values, label=arm, **{**style, "marker": ""})


def draw_by_size(axis: Axes, arms: Mapping[str, Sequence[float]], sizes: Sequence[int]) -> None:
    """Seeds and their median by group size, and the other arms as lines across."""
    style = {**look("GN"), "ls": ""}
    shown = sorted(sizes)
    for size in shown:
        values = arms[f"size {size}"]
        axis.plot([size] * len(values), values, ms=3, alpha=0.4, **style)
    medians = [np.median(arms[f"size {size}"]) for size in shown]
    axis.plot(shown, medians, color=style["color"], label="groups")
    for arm, values in arms.items():
        if not arm.startswith("size ") and arm != "one group":
            looks = {**look(arm), "marker": ""}
            axis.axhline(float(np.median(values)), lw=1.2, label=arm, **looks)
    axis.set(xscale="log", xlabel="channels a group", xticks=shown, xticklabels=shown)
    axis.minorticks_off()


def draw_accuracy(axis: Axes, arm: str, group: Group, steps: int, window: int) -> None:
    """The mean of the seeds' training accuracies; zero from where a run blew up."""
    curves = np.zeros((len(group), steps))
    for row, outcome in zip(curves, group, strict=True):
        row[: len(outcome.accuracies)] = np.nan_to_num(outcome.accuracies)
    window = min(window, steps)
    smooth = np.convolve(curves.mean(0), np.ones(window) / window, mode="valid")
    style = {**look(arm), "marker": "", "lw": 1.2}
    axis.plot(np.arange(len(smooth)) + window, smooth, label=arm, **style)
