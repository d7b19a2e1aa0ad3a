"""The map's plan with made-up outcomes: whom it visits, when it stops, that it resumes."""

from __future__ import annotations

import pytest

from keras_norms.lab.edges.allocation import Purse, hours_of, runs_of, width
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.walk import Walk
from studies.families import FAMILIES
from studies.frontier import Frontier
from studies.map import Map
from tests.lab.edges.cells import cell
from tests.lab.pretending import complete

pytestmark = pytest.mark.once
HOUR = 3600 / 4  # made-up runs of 1 s that compiled for 3 s
SMALL = {"families": ("mlp-sgd-narrow",), "seeds": 2, "decades": 0.3, "most": 8}


def test_the_budget_ends_it_and_a_larger_one_goes_on(tmp_path):
    ledger = Ledger.open(tmp_path)
    first = Walk(Map(**SMALL, hours=40 / HOUR), ledger)
    done = complete(first, ledger)
    assert 40 <= len(done) < 40 + 4 * 2 * 6  # overdrawn by a round at most
    assert Walk(Map(**SMALL, hours=40 / HOUR), ledger).missing() == []
    larger = Walk(Map(**SMALL, hours=60 / HOUR), ledger)
    more = complete(larger, ledger)
    assert more
    assert not {job.key for job in more} & {job.key for job in done}
    whole = complete(
        Walk(Map(**SMALL, hours=60 / HOUR), fresh := Ledger.open(tmp_path / "x")), fresh
    )
    assert {job.key for job in whole} == {job.key for job in done + more}


def test_all_are_visited_once_before_any_twice_and_then_the_widest(tmp_path):
    ledger = Ledger.open(tmp_path)
    study = Map(**SMALL, hours=1000)
    walk = Walk(study, ledger)
    complete(walk, ledger)
    visits = [name for name in walk.found if name.endswith("visit 1")]
    assert len(visits) == len(study.places()) == 8
    assert list(walk.found)[:8] == visits
    rows = study.rows(walk.found)
    assert len(rows) == 8
    for row in rows:  # all are known as well as was asked, or have had all their runs
        assert width(row.cell) <= 0.3 or runs_of(row.cell) == 8
    assert hours_of(row.cell for row in rows) == pytest.approx(
        4 / 3600 * sum(len(row.cell.outcomes) for row in rows)
    )


def test_the_widest_are_visited_first():
    narrow, wide = cell("none", 4, *[0.5] * 6), cell("none", 4, 0.02, 0.3, 4.0)
    none = cell("none", 4, None, None)
    assert width(narrow) < 0.5 < width(wide)
    assert none.alive.decades < 0.2  # known: there is none
    cells = [narrow, wide, none]
    assert Purse(1, most=100).least_known(cells)[0] == 1
    assert Purse(1, most=100, lanes=1).least_known(cells) == [1]
    assert Purse(1, most=33).least_known(cells) == []  # all runs are used up


def test_it_shares_the_frontiers_runs(tmp_path):
    """Its first family is searched as the study of its own: another ledger needs no run."""
    ledger = Ledger.open(tmp_path)
    arms = tuple(FAMILIES["mlp-sgd"].arms.values())
    done = complete(Walk(Frontier(normalizers=arms, depths=(4, 8), seeds=2), ledger), ledger)
    first = Walk(Map(families=("mlp-sgd",), seeds=2, lanes=8, hours=1000), ledger)
    wanted = first.missing()
    assert len(first.found) == 16  # both depths are there
    assert not {job.key for job in wanted} & {job.key for job in done}
