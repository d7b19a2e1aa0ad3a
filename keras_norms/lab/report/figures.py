"""The figures of the report, in one style: one colour a normalizer, everywhere.

The colours are Okabe and Ito's, which stay apart for colour-blind readers; line style and marker
carry whatever else must be told apart, so that a grey print still reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

PALETTE = {
    "none": "#6b6b6b",
    "batch": "#0072b2",
    "layer": "#e69f00",
    "group": "#009e73",
    "instance": "#d55e00",
    "rms": "#cc79a7",
}
OTHER = "#000000"

STYLE = {
    **sns.axes_style("whitegrid"),
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
    return PALETTE.get(normalizer.split(":")[0], OTHER)


@contextmanager
def drawing(figure: Figure, *, width: float = 7.5, height: float = 4.6) -> Iterator[Axes]:
    """Axes in the house style, `width` by `height` inches, saved to the figure's files at exit."""
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        yield canvas.subplots()
        figure.folder.mkdir(parents=True, exist_ok=True)
        canvas.savefig(figure.png, dpi=160, metadata={"Software": None})
        canvas.savefig(figure.svg, metadata={"Date": None})
