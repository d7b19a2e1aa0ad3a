from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import keras_norms
from keras_norms.lab.report import frontier_plot, learning_curves
from keras_norms.lab.report.figures import LOOKS, Figure, colour, drawing, marker
from keras_norms.lab.report.frontier_plot import draw_frontier
from keras_norms.lab.report.learning_curves import Look, draw_learning_curves
from tests.lab.edges.cells import cell

pytestmark = pytest.mark.once


@pytest.fixture
def drawn(monkeypatch):
    """The axes of whatever is drawn."""
    kept = []

    def keeping(figure, **size):
        context = drawing(figure, **size)
        kept.append(context.__enter__())
        return Kept(context, kept[-1])

    class Kept:
        def __init__(self, context, axes):
            self.context, self.axes = context, axes

        def __enter__(self):
            return self.axes

        def __exit__(self, *exception):
            return self.context.__exit__(*exception)

    for module in (frontier_plot, learning_curves):
        monkeypatch.setattr(module, "drawing", keeping)
    return kept


def test_every_normalizer_has_a_colour_of_its_own():
    assert set(keras_norms.names()) <= set(LOOKS)
    assert len({colour(name) for name in LOOKS}) == len(LOOKS)
    for spec in ("group:groups=8", "group", "group:8+ws"):
        assert (colour(spec), marker(spec)) == LOOKS["group"]
    assert (colour("proxy(layer)"), marker("proxy(layer)")) == LOOKS["proxy"]
    assert colour("MyLayer") == "#000000"


def test_the_frontier_draws_a_panel_a_normalizer_and_what_never_trains(drawn, tmp_path):
    cells = [
        cell("none", 4, 0.8, 1.0, 1.25),
        cell("none", 16, None, None, None),
        cell("batch", 4, 3.0, 3.0, 3.0),
        cell("batch", 16, 3.0, 3.0, 3.0),
    ]
    figure = draw_frontier(tmp_path, "frontier", cells, steps=20, what="mlp")
    panels = np.ravel(drawn[0])
    assert [panel.get_title(loc="left") for panel in panels] == ["none", "batch"]
    none, batch = panels
    assert (none.get_xscale(), none.get_yscale()) == ("log", "log")
    own = [line for line in none.lines if line.get_color() == colour("none")]
    median = next(line for line in own if line.get_linestyle() == "-" and len(line.get_xdata()) > 1)
    assert list(median.get_xdata()) == [4, 16], "x is exact"
    assert median.get_ydata()[0] == pytest.approx(1.0, rel=0.2)
    assert np.isnan(median.get_ydata()[1]), "no line through nothing"
    assert [line.get_xdata()[0] for line in none.lines if line.get_marker() == "x"] == [16]
    assert [line for line in batch.lines if line.get_marker() == "x"] == []
    grey = [line for line in none.lines if line.get_color() == frontier_plot.GREY]
    (theirs,) = [line for line in batch.lines if line.get_ydata() is not None
                 and line.get_color() == colour("batch") and line.get_linestyle() == "-"
                 and len(line.get_xdata()) > 1 and line.get_linewidth() > 1.5]  # fmt: skip
    assert [list(line.get_ydata()) for line in grey] == [list(theirs.get_ydata())]
    assert figure.png.stat().st_size > 10_000
    assert figure.svg.read_text().startswith("<?xml")


def test_learning_curves_draw_the_median_and_the_range(drawn, tmp_path):
    curves = pd.DataFrame(
        {
            "arm": "plain",
            "seed": [0, 1, 2] * 2,
            "step": [10] * 3 + [20] * 3,
            "test_accuracy": [0.1, 0.2, 0.6, 0.5, 0.6, 0.9],
        }
    )
    draw_learning_curves(
        tmp_path, "curves", curves, {"plain": Look("#000000")}, title="t", caption="c",
        target=0.6, reached={"plain": 20.0},
    )  # fmt: skip
    (axes,) = drawn
    line, diamond, _ = axes.lines
    assert list(line.get_ydata()) == pytest.approx([0.2, 0.6])
    assert (list(diamond.get_xdata()), list(diamond.get_ydata())) == ([20.0], [0.6])
    (band,) = axes.collections
    assert band.get_datalim(axes.transData).bounds == pytest.approx((10, 0.1, 10, 0.8))


def test_the_same_figure_is_the_same_file(tmp_path):
    for folder in ("a", "b"):
        draw_frontier(tmp_path / folder, "f", [cell("none", 4, 1.0)], steps=20, what="mlp")
    for ending in ("png", "svg"):
        first, second = (tmp_path / folder / f"f.{ending}" for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_a_figure_knows_its_files(tmp_path):
    assert Figure("f", tmp_path, "c").png == tmp_path / "f.png"
