"""The simulation of coverage: its truths, and that its table counts what it says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from keras_norms.lab.edges import coverage
from keras_norms.lab.edges.threshold import SEARCHED
from keras_norms.lab.edges.verdict import Verdict

pytestmark = pytest.mark.once


def test_drawn_edges_are_in_their_order():
    for seed in range(50):
        truth = coverage.Truth.drawn(np.random.default_rng(seed))
        places = (truth.lower, truth.slow, truth.useful, truth.alive, truth.blow_up)
        assert list(places) == sorted(places)
        draw = np.random.default_rng(0)
        middles = [(low + high) / 2 for low, high in itertools.pairwise(places)]
        words = [truth.verdict(x, draw) for x in (places[0] - 1, *middles, places[-1] + 1)]
        assert words == [
            Verdict.UNTRAINED, Verdict.ALIVE, Verdict.USEFUL, Verdict.ALIVE, Verdict.UNTRAINED,
            Verdict.BLEW_UP,
        ]  # fmt: skip


def test_a_noisy_truth_is_above_its_edge_as_often_as_the_logistic_says():
    truth = coverage.Truth(-3, -2.5, -1, -0.5, 0.0, scale=0.2)
    draw = np.random.default_rng(1)
    blown = np.mean([truth.verdict(0.1, draw).blown for _ in range(4000)])
    assert blown == pytest.approx(1 / (1 + np.exp(-0.5)), abs=0.025)


def test_the_table_counts_what_lies_in_the_interval():
    row = coverage._row("an interval", "a truth", 0.9, [(0, 1, 0.5), (0, 2, 2), (0, 3, 4)])
    assert row["coverage"] == pytest.approx(2 / 3)
    assert row["over"] == pytest.approx(2 / 3 - 0.9)
    assert (row["width"], row["error"], row["replays"]) == (2, 1, 3)


@pytest.mark.full
def test_a_small_table_has_every_row_and_no_interval_of_medians_or_shares_covers_too_little():
    found = coverage.table(replays=1, seed=0)
    assert len(found) == 4 + 9 + 7 * len(SEARCHED) + 2 * 2 * len(SEARCHED) * 4
    assert found.notna().drop(columns="runs").all(axis=None)
    again = coverage.table(replays=1, seed=0)
    assert found.equals(again)
