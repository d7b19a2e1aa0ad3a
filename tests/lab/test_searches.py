"""Searches, which choose the next runs from the finished ones, shared by processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import psutil
import pytest
from optuna.trial import TrialState

from keras_norms.lab.lease import Lease, owner
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.trials import PARAMETERS, open_study, run_searches
from tests.lab.pretending import Pretended, by_rate, run

pytestmark = pytest.mark.once


@pytest.fixture
def study(tmp_path):
    return open_study("a", tmp_path / "trials.log")


@pytest.fixture
def other():
    """Another live process, as leases name it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        started = psutil.Process(alive.pid).create_time()
        yield {**owner(), "pid": alive.pid, "started": started}
        alive.communicate(b"\n")


def take(study, run: Run, process: dict) -> None:
    Lease.take(study, run, PARAMETERS).give_up()
    trial = study.get_trials()[-1]
    attributes = {**trial.user_attrs, "owner": process}
    trial.state, trial.user_attrs, trial.datetime_complete = TrialState.RUNNING, attributes, None
    study.add_trial(trial)


def halving(depth: int):
    """A search: 1 first, then half of the smallest rate that blew up or did not train."""

    def search(done: Mapping[str, Outcome]) -> list[Run]:
        runs = [run(4.0, depth=depth)]
        while (last := done.get(runs[-1].key)) and last.verdict != "alive":
            runs.append(run(runs[-1].learning_rate / 2, depth=depth))
        return runs

    return search


def trained(train: Pretended) -> list[tuple[int, float]]:
    return [(run.depth, run.learning_rate) for run in train.trained]


def test_a_search_goes_on_until_nothing_is_missing(study):
    train = Pretended()
    done = run_searches(study, [halving(2), halving(3)], train=train)
    # One program to its end before the next is compiled.
    assert trained(train) == [(d, 4.0 / 2**k) for d in (2, 3) for k in range(4)]
    assert [outcome.run.learning_rate for outcome in done.values()] == [4.0, 2.0, 1.0, 0.5] * 2


def test_a_search_goes_on_from_what_is_finished(study, tmp_path):
    run_searches(study, [halving(2)], train=Pretended())
    train = Pretended()
    again = open_study("a", tmp_path / "trials.log")
    assert len(run_searches(again, [halving(3), halving(2)], train=train)) == 8
    assert {depth for depth, _ in trained(train)} == {3}


def test_a_process_begins_where_no_other_is(study, other, tmp_path):
    take(study, run(4.0, depth=2), other)
    train = Pretended()
    finishing = threading.Thread(
        target=run_searches, args=[study, [halving(2), halving(3)]], kwargs={"train": train}
    )
    finishing.start()
    # It does the other search to its end, and then waits for the run that it needs.
    theirs = open_study("a", tmp_path / "trials.log")
    end = time.monotonic() + 60
    while len(train.trained) < 4 and time.monotonic() < end:
        time.sleep(0.01)
    assert {depth for depth, _ in trained(train)} == {3}
    mine = next(t for t in theirs.get_trials() if t.state == TrialState.RUNNING)
    Lease(theirs, mine).finish(0.0, outcome=by_rate(run(4.0, depth=2)).as_dict())
    finishing.join(timeout=60)
    assert trained(train)[4:] == [(2, 2.0), (2, 1.0), (2, 0.5)]


def test_processes_share_a_program_where_there_are_more_of_them_than_programs(study, other):
    take(study, run(0.1, seed=0), other)
    train = Pretended(before=lambda run: seen.append(run.seed))
    seen: list[int] = []
    wanted = [run(0.1, seed=seed) for seed in range(4)]
    sharing = threading.Thread(
        target=run_searches, args=[study, [lambda _: wanted]], kwargs={"train": train}
    )
    sharing.start()
    end = time.monotonic() + 60
    while len(seen) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    assert sorted(seen) == [1, 2, 3]
    study.tell(study.get_trials()[1].number, state=TrialState.FAIL)  # as if it were killed
    sharing.join(timeout=60)
    assert seen[3:] == [0]
