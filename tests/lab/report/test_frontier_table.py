from __future__ import annotations

import numpy as np
import pytest

from keras_norms.lab.edges.search import Search
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.report.frontier_plot import Along
from keras_norms.lab.report.frontier_table import frontier_summary, frontier_table
from tests.lab.edges.cells import cell
from tests.lab.pretending import outcome, run

pytestmark = pytest.mark.once

CELLS = [cell("none", 4, 1.0, 0.5), cell("group:groups=8", 4, None, None)]


def test_the_table_quotes_its_steps_and_what_never_trains():
    table = frontier_table(CELLS, "frontier", steps=150)
    first, second = table.frame.to_dict("records")
    of_seeds = [float(value) for value in first["seeds: trains"].split(", ")]
    assert of_seeds == pytest.approx([1.15, 0.5], rel=0.25)
    assert (first["out of order"], first["runs"]) == (0, 66)
    assert "; a new seed " in first["trains (150 steps)"]
    assert second["trains (150 steps)"] == "none of 33 rates trained (0.01 to 1e+02)"
    assert second["seeds: trains"] == "no rate, no rate"
    assert second["blow-up"].startswith("4.")


def test_the_csv_has_median_and_interval_of_each_edge_for_each_seed():
    tidy = frontier_table(CELLS, "frontier", steps=150).tidy
    assert tidy.seed.tolist() == [0, 1, 0, 1]
    assert tidy.trains_median_log10[0] == pytest.approx(1 / 16, abs=0.08)
    assert (tidy.blow_up_low_log10 < np.log10(5.0)).all()
    assert (tidy.blow_up_high_log10 > np.log10(5.0) - 0.05).all()
    assert np.isneginf(tidy.trains_median_log10).tolist() == [False, False, True, True]
    assert tidy.steps.tolist() == [150] * 4


def test_the_summary_quotes_its_steps():
    (sentence,) = frontier_summary(CELLS, 150)
    assert "150 steps" in sentence
    assert "(none), none of 33 rates trained (0.01 to 1e+02) (group)" in sentence


def test_cells_along_another_number():
    along = Along("batch size", "mini-batch size", lambda cell: cell.program.batch)
    (first, _) = frontier_table(CELLS, "frontier", 150, along).frame.to_dict("records")
    assert first["batch size"] == 64
    assert frontier_summary(CELLS, 150, along)[0].startswith("Batch size 64: ")


def test_an_edge_that_the_runs_leave_open_is_not_quoted():
    program = run(normalizer="none", depth=4)
    early = Search(1e-4, 1e2, seeds=1).cell(program)
    early = early.given([outcome(run(50.0, 0, normalizer="none", depth=4), Verdict.BLEW_UP)])
    (row,) = frontier_table([early], "frontier", 150).frame.to_dict("records")
    assert row["blow-up"].startswith("unknown [")
    assert row["trains (150 steps)"] == "none of 1 rates trained (50 to 50)"
