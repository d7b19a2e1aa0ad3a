from __future__ import annotations

import pytest

from keras_norms.lab.report.frontier_table import frontier_summary, frontier_table
from keras_norms.lab.stability.frontier import Cell, Edge, Edges

pytestmark = pytest.mark.once

CELLS = [
    Cell("none", 4, {0: Edges(Edge(1.0, 2.0), Edge(2.0, 3.0), 1)}, runs=9),
    Cell("group:groups=8", 4, {0: Edges(Edge(None, None), Edge(5.0, None))}, runs=8),
]


def test_the_table_quotes_its_steps_and_what_never_trains():
    table = frontier_table(CELLS, "frontier", steps=150)
    first, second = table.frame.to_dict("records")
    assert first["trains (150 steps)"] == "1"
    assert (first["blow-up"], first["out of order"], first["runs"]) == ("2", 1, 9)
    assert second["trains (150 steps)"] == "no rate"
    assert (second["blow-up"], second["seeds"]) == ("≥ 5", "1, 1 with no rate")


def test_the_csv_has_both_sides_of_each_edge_for_each_seed():
    tidy = frontier_table(CELLS, "frontier", steps=150).tidy
    assert tidy.trains_below[0] == 1.0
    assert tidy.blow_up_above[0] == 3.0
    assert tidy.trains_below.isna().tolist() == [False, True]
    assert tidy.steps.tolist() == [150, 150]


def test_the_summary_quotes_its_steps():
    (sentence,) = frontier_summary(CELLS, 150)
    assert "150 steps" in sentence
    assert "1 (none), no rate (group)" in sentence
