"""The figures of the report, in one style: one colour a normalizer, everywhere.

The colours are Okabe and Ito's, which stay apart for colour-blind readers; line style and marker
carry whatever else must be told apart, so that a grey print still reads.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from keras_norms.lab.report.whole_files import beside

# Colour and marker: relatives share a hue and differ in lightness, so that no two that look alike
# to a colour-blind reader have one marker.
LOOKS = {
    "none": ("#6b6b6b", "o"),
    "batch": ("#0072b2", "o"),
    "ghost": ("#56b4e9", "s"),
    "renorm": ("#003a5d", "^"),
    "cross_iteration": ("#9ecae1", "D"),
    "batch_group": ("#2b8cbe", "v"),
    "instance_enhancement": ("#08519c", "P"),
    "lp": ("#6baed6", "X"),
    "mean_only": ("#7f8fd0", "<"),
    "variance": ("#3f4fa0", ">"),
    "switchable": ("#45bcd8", "*"),
    "layer": ("#e69f00", "o"),
    "peri": ("#b85c00", "s"),  # layer normalization elsewhere in a transformer's block
    "qk": ("#f6c667", "^"),
    "unit": ("#8c6d31", "s"),
    "dynamic_tanh": ("#b8a800", "^"),
    "dynamic_erf": ("#7a7000", "P"),
    "simple": ("#8a5a00", "D"),
    "poly": ("#d9b650", "v"),
    "group": ("#009e73", "o"),
    "global_response": ("#2ca58d", "^"),
    "proxy": ("#66c2a5", "s"),
    "instance": ("#d55e00", "o"),
    "filter_response": ("#a63603", "s"),
    "rms": ("#cc79a7", "o"),
    "evonorm_s0": ("#882255", "s"),
    "evonorm_s1": ("#aa4499", "^"),
    "evonorm_s0a": ("#a0446b", "h"),
    "evonorm_s1a": ("#c77bc0", "<"),
    "evonorm_b0": ("#661144", "D"),
    "evonorm_b1": ("#dd77bb", "v"),
    "evonorm_b2": ("#b05590", "P"),
    "weight": ("#117733", "s"),
    "ws": ("#44aa55", "^"),
    "sws": ("#88cc66", "D"),
    "spectral": ("#004d33", "v"),
}
OTHER = ("#000000", "o")

# Upon seaborn's white grid.
OWN_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.labelsize": 10.5,
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "keras-norms",  # the same figure is the same file
}


@functools.cache
def style() -> dict[str, Any]:
    """Matplotlib's settings for all figures."""
    import seaborn as sns  # late: its import costs a command that draws nothing as much as its own

    return {**sns.axes_style("whitegrid"), **OWN_STYLE}


@dataclass(frozen=True)
class Figure:
    """A figure on disk: `<folder>/<name>.png` and `.svg`."""

    name: str
    folder: Path
    caption: str

    @property
    def png(self) -> Path:
        return self.folder / f"{self.name}.png"

    @property
    def svg(self) -> Path:
        return self.folder / f"{self.name}.svg"


def colour(normalizer: str) -> str:
    """The colour of a normalizer, by its name or its whole spec; black for one without its own."""
    return _look(normalizer)[0]


def marker(normalizer: str) -> str:
    """The marker of a normalizer, likewise."""
    return _look(normalizer)[1]


def _look(spec: str) -> tuple[str, str]:
    """Of several terms the first one's, of `proxy(layer)` that of the proxy."""
    return LOOKS.get(re.split(r"[:+(]", spec)[0], OTHER)


@contextmanager
def drawing(
    figure: Figure,
    *,
    width: float = 7.5,
    height: float = 4.6,
    rows: int = 1,
    columns: int = 1,
    shared: bool = True,
) -> Iterator[Axes | np.ndarray]:
    """Axes in the house style, `width` by `height` inches, saved to the figure's files at exit.

    With several rows or columns an array of axes that share their scales, if they are `shared`.
    """
    with mpl.rc_context(style()):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        yield canvas.subplots(rows, columns, sharex=shared, sharey=shared)
        with beside(figure.png) as part:
            canvas.savefig(part, dpi=160, metadata={"Software": None})
        with beside(figure.svg) as part:
            canvas.savefig(part, metadata={"Date": None})
