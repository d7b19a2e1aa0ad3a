"""A map's tables and figure: what they say of cells whose edges are known by rule."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.lab.report.map_plot import draw_slopes
from keras_norms.lab.report.map_rows import Row, by_family, slope_of
from keras_norms.lab.report.map_tables import cells_table, slopes_table
from keras_norms.lab.report.predictors_table import DEPTH, left_out, predictors_table
from tests.lab.edges.cells import cell

pytestmark = pytest.mark.once
ARMS = {"none": 4.0, "batch": 3.2, "layer": 2.0}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Edges that fall as the inverse of depth; layer normalization has none at the last one."""
    return [
        Row("MLP, SGD", arm, depth, cell(arm, depth, *[None if gone else edge / depth] * 3))
        for depth in (4, 8, 16)
        for arm, edge in ARMS.items()
        for gone in (arm == "layer" and depth == 16,)
    ]


def test_slopes_are_of_the_depths_that_train(rows):
    arms = by_family(rows)["MLP, SGD"]
    assert list(arms) == list(ARMS)
    assert slope_of(arms["layer"], "alive").depths == (4, 8)
    tidy = slopes_table("map", rows).tidy
    trains = tidy[tidy.edge == "trains"].set_index("normalizer")
    assert trains.slope.to_list() == pytest.approx([-1] * 3, abs=0.25)
    assert (trains.low < -1).all()
    assert (trains.high > -1).all()
    assert trains.depths["none"] == "4 8 16"


def test_cells_say_how_many_rates_none_of_which_trained(rows):
    table = cells_table("map", rows)
    assert table.frame.trains.iloc[-1] == "none of 33 rates trained (0.01 to 1e+02)"
    assert table.tidy.alive_any_passed.to_list() == [True] * 8 + [False]
    assert table.frame.runs.to_list() == [99] * 9


def test_the_figure_is_drawn(rows, tmp_path):
    figure = draw_slopes(tmp_path, "slopes", rows)
    assert figure.png.stat().st_size > 10_000
    assert figure.svg.exists()


def test_the_error_of_a_normalizer_left_out_is_that_of_the_others_line():
    arms = np.array(["a", "a", "b", "b", "c", "c"])
    x, y = np.array([1.0, 2, 1, 2, 1, 3]), np.array([0.0, 1, 0, 1, 2, 5])
    slopes = {}
    for arm in "abc":
        kept = arms != arm
        slopes[arm] = np.polyfit(x[kept], y[kept], 1)
    errors = [b - np.polyval(slopes[arm], a) for a, b, arm in zip(x, y, arms, strict=True)]
    assert left_out(x[:, None], y, arms) == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_a_predictor_that_knows_the_edge_beats_depth(rows):
    known = [{"two_over_lambda": row.cell.alive.median, "growth": "inf"} for row in rows]
    table = predictors_table("map", rows, known)
    trains = table.tidy[table.tidy.edge == "trains"].set_index("predictor")
    told, alone = trains.loc["2 / λ"], trains.loc[DEPTH]
    assert told["error: predictor alone"] < 0.02 < alone["error: depth alone"]
    assert told["partial correlation given depth"] > 0.99
    assert "growth of the variance" not in trains.index  # infinite everywhere
