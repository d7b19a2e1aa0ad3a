"""The search of a cell: with verdicts by rule it finds both edges, asks once, and ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.search import Search, cell_key, explore, next_rate
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run
from tests.lab.pretending import outcome, run

pytestmark = pytest.mark.once

ONE = Search(1e-4, 1e2, seeds=1)
Truth = Callable[[Run], Verdict]


def window(low: float, high: float, blow_up: float) -> Truth:
    def truth(run: Run) -> Verdict:
        if run.learning_rate > blow_up:
            return Verdict.BLEW_UP
        return Verdict.USEFUL if low <= run.learning_rate <= high else Verdict.UNTRAINED

    return truth


def answered(cell: Cell, search: Search, truth: Truth) -> Cell:
    steps = explore(cell, search)
    try:
        runs = next(steps)
        while True:
            runs = steps.send([outcome(run, truth(run)) for run in runs])
    except StopIteration as end:
        return end.value


def searched(truth: Truth, search: Search = ONE, near: Cell | None = None) -> Cell:
    return answered(search.cell(run(), near), search, truth)


@settings(max_examples=4, deadline=None)
@given(st.floats(-2.0, 0.9), st.floats(0, 0.9))
def test_both_edges_are_found(log_trains: float, gap: float):
    cell = searched(window(10 ** (log_trains - 1.5), 10**log_trains, 10 ** (log_trains + gap)))
    for edge, truth in ((cell.trains, log_trains), (cell.blow_up, log_trains + gap)):
        assert math.log10(edge.median) == pytest.approx(truth, abs=0.15)
        assert math.log10(edge.interval[0]) - 0.1 < truth < math.log10(edge.interval[1]) + 0.1
    rates = [o.run.learning_rate for o in cell.outcomes]
    assert len(rates) == len(set(rates)) <= ONE.most


def test_no_rate_and_every_rate_are_answers():
    nothing = searched(window(2.0, 1.0, 1e-5))
    assert (nothing.trains.median, nothing.blow_up.median) == (0.0, 0.0)
    assert str(nothing.trains).startswith(f"none of {len(nothing.outcomes)} rates trained (")
    everything = searched(window(1e-5, 1e3, 1e3))
    assert (everything.trains.median, everything.blow_up.median) == (math.inf, math.inf)
    assert str(everything.trains).startswith("at or above 1e+02")


def test_each_seed_is_searched_on_its_own():
    def truth(run: Run) -> Verdict:
        return window(1e-3, 10.0**-run.seed, 10 ** (0.5 - run.seed))(run)

    cell = searched(truth, replace(ONE, seeds=2))
    assert [round(math.log10(value), 1) for value in cell.trains.values] == pytest.approx(
        [0.0, -1.0], abs=0.15
    )
    low, high = cell.trains.new_seed
    assert low < 0.12 < 0.9 < high
    assert cell.trains.median == pytest.approx(10**-0.5, rel=0.3)


def test_the_choice_is_a_function_of_the_finished_runs():
    """A search that goes on from any point asks for the rest of the same runs."""
    truth = window(0.01, 0.5, 3.0)
    whole = searched(truth)
    for kept in (1, 5, len(whole.outcomes) - 1):
        resumed = answered(ONE.cell(run()).given(whole.outcomes[:kept]), ONE, truth)
        assert resumed.outcomes == whole.outcomes


def test_a_neighbour_that_is_near_saves_runs():
    near = searched(window(0.01, 0.5, 3.0))
    alone, warm = (searched(window(0.01, 0.4, 2.5), near=cell) for cell in (None, near))
    assert len(warm.outcomes) < len(alone.outcomes)
    far = searched(window(1e-4, 4e-3, 2e-2), near=near)  # two decades from it
    assert math.log10(far.trains.median) == pytest.approx(math.log10(4e-3), abs=0.15)


def test_out_of_order_are_those_between_trained_ones():
    verdicts = {0.1: Verdict.ALIVE, 0.2: Verdict.UNTRAINED, 0.4: Verdict.ALIVE,
                0.8: Verdict.BLEW_UP}  # fmt: skip
    given_runs = [outcome(run(rate), verdict) for rate, verdict in verdicts.items()]
    assert ONE.cell(run()).given(given_runs).out_of_order == 1


def test_all_rates_tried_is_an_end():
    known = Thresholds.prior(0.1, 0.2)
    rates = []
    while (rate := next_rate(known, rates)) is not None:
        rates.append(rate)
    assert len(rates) == len(known.range.rates)


def test_runs_of_one_cell_differ_in_rate_and_seed_alone():
    assert cell_key(run(0.1)) == cell_key(run(0.2, seed=1))
    assert cell_key(run(0.1)) != cell_key(run(0.1, depth=3))
    assert cell_key(run(0.1)) != cell_key(run(0.1, steps=21))


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"low": 1.0, "high": 0.1}, "low=1.0, high=0.1"), ({"seeds": 0}, "seeds=0"),
     ({"most": 0}, "most=0"), ({"edges": ("upper",)}, "Invalid edges=.'upper'")],
)  # fmt: skip
def test_bad_input(fields: dict, said: str):
    with pytest.raises(BadInput, match=said):
        Search(**fields)
