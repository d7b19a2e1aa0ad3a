from __future__ import annotations

import math
import subprocess
import sys
import threading
import time

import optuna
import psutil
import pytest
from optuna.trial import TrialState

from keras_norms.lab import lease, patience
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.lease import Lease, owner
from keras_norms.lab.trials import PARAMETERS, finished, open_study, outcomes, run_trials
from tests.lab.pretending import Pretended, by_rate, outcome, run

pytestmark = pytest.mark.once


@pytest.fixture
def study(tmp_path):
    return open_study("a", tmp_path / "trials.log")


def states(study: optuna.Study) -> list[TrialState]:
    return [trial.state for trial in study.get_trials()]


def test_outcomes_come_in_the_order_of_the_runs_whatever_is_trained_first(study):
    runs = [run(10.0), run(0.1, depth=3), run(0.1), run(1e-4, depth=3), run(0.1)]
    train = Pretended()
    assert run_trials(study, runs, train=train) == [by_rate(r) for r in runs]
    assert len(train.trained) == 4  # the same run twice is one


def test_a_finished_run_is_read_back_and_never_trained_again(study, tmp_path):
    runs = [run(rate) for rate in (0.001, 0.1, 10.0)]
    before = run_trials(study, runs, train=Pretended())
    again = open_study("a", tmp_path / "trials.log")
    train = Pretended()
    assert run_trials(again, [*runs, run(1.0)], train=train)[:3] == before
    assert [r.learning_rate for r in train.trained] == [1.0]
    assert len(outcomes(again)) == 4


def test_a_trial_carries_parameters_value_and_provenance(study):
    run_trials(study, [run(0.1, seed=3), run(10.0)], train=Pretended())
    trained, blown_up = study.get_trials()
    assert trained.params["learning_rate"] == 0.1
    assert trained.params["seed"] == 3
    assert trained.value == 0.9
    assert blown_up.value == 0.0
    assert {"keras", "library", "device", "commit"} <= set(trained.user_attrs["provenance"])
    assert trained.user_attrs["run"] == run(0.1, seed=3).as_dict()


def test_a_missing_accuracy_is_no_missing_trial(study):
    train = Pretended(rule=lambda r: outcome(r, Verdict.UNTRAINED, (math.nan,)))
    run_trials(study, [run()], train=train)
    assert [(t.state, t.value) for t in study.get_trials()] == [(TrialState.COMPLETE, 0.0)]


def test_a_run_is_down_as_running_before_it_trains(study):
    seen = []
    run_trials(
        study, [run(0.1), run(0.2)], train=Pretended(before=lambda _: seen.append(states(study)))
    )
    assert seen == [[TrialState.RUNNING], [TrialState.COMPLETE, TrialState.RUNNING]]


def test_ctrl_c_keeps_what_is_finished_and_frees_what_was_running(study):
    def interrupted(r):
        if r.learning_rate == 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trials(study, [run(0.1), run(0.2), run(0.3)], train=Pretended(before=interrupted))
    assert states(study) == [TrialState.COMPLETE, TrialState.FAIL]
    train = Pretended()
    run_trials(study, [run(0.1), run(0.2), run(0.3)], train=train)
    assert [r.learning_rate for r in train.trained] == [0.2, 0.3]


def test_an_outcome_of_another_version_is_named_and_kept(study, tmp_path):
    run_trials(study, [run(0.1), run(0.2)], train=Pretended())
    storage, trial = study._storage, study.get_trials()[1]
    older = trial.user_attrs["outcome"] | {"accuracy": 0.9}
    # An attribute of a finished trial cannot be changed, so the trial is written again.
    again = dict(trial.user_attrs) | {"outcome": older, "key": run(0.3).key}
    study.add_trial(optuna.trial.create_trial(value=0.9, user_attrs=again))
    before = (tmp_path / "trials.log").read_bytes()
    train = Pretended()
    assert run_trials(study, [run(0.1), run(0.2)], train=train)  # those that are asked for are read
    with pytest.raises(
        BadInput,
        match=r"trial 2 of this storage was written by another version \(keras_norms \d.* has no "
        r"field 'accuracy'.*kept as it is: write another --out or --storage",
    ):
        run_trials(study, [run(0.1), run(0.3), run(0.4)], train=train)
    with pytest.raises(BadInput, match="trial 2"):
        outcomes(study)
    assert train.trained == []  # it is told first
    assert storage.get_all_trials(study._study_id)[0].state == TrialState.COMPLETE
    assert (tmp_path / "trials.log").read_bytes() == before


def test_a_run_of_another_version_under_way_is_named(study):
    leave_running(study, run(0.2), host="elsewhere")
    trial = study.get_trials()[0]
    theirs = trial.user_attrs["run"] | {"colour": "red"}
    study._storage.set_trial_user_attr(trial._trial_id, "run", theirs)
    with pytest.raises(BadInput, match=r"trial 0 of this storage .* a run has no field 'colour'"):
        run_trials(study, [run()], train=Pretended())


def leave_running(study, r, **process) -> None:
    """A trial as a process leaves it that dies while it trains."""
    assert Lease.take(study, r, PARAMETERS)
    storage, trial = study._storage, study.get_trials()[-1]
    storage.set_trial_user_attr(trial._trial_id, "owner", {**owner(), **process})


def test_the_run_of_a_dead_process_is_trained_again(study):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    leave_running(study, run(), pid=ended.pid)
    assert run_trials(study, [run()], train=Pretended()) == [by_rate(run())]
    assert states(study) == [TrialState.FAIL, TrialState.COMPLETE]


def test_a_run_that_this_process_left_is_trained_again(study):
    leave_running(study, run())
    lease._held.clear()
    run_trials(study, [run()], train=Pretended())
    assert states(study) == [TrialState.FAIL, TrialState.COMPLETE]


def test_a_process_number_that_was_given_again_is_another_process(study):
    leave_running(study, run(), started=psutil.Process().create_time() - 1000)
    run_trials(study, [run()], train=Pretended())
    assert states(study) == [TrialState.FAIL, TrialState.COMPLETE]


def test_another_hosts_process_is_believed_until_its_lease_ends(study, monkeypatch):
    leave_running(study, run(), host="elsewhere")
    lease.fail_dead(study)
    assert states(study) == [TrialState.RUNNING]
    monkeypatch.setattr(lease, "LEASE", 0.0)
    run_trials(study, [run()], train=Pretended())
    assert states(study) == [TrialState.FAIL, TrialState.COMPLETE]


def test_a_lease_renews_itself_until_it_ends(study, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.02)
    taken = Lease.take(study, run(), PARAMETERS)
    first = study.get_trials()[0].user_attrs["renewed"]
    while study.get_trials()[0].user_attrs["renewed"] == first:
        time.sleep(0.01)
    taken.give_up()
    taken._renewing.join(timeout=10)
    assert not taken._renewing.is_alive()


def test_a_lease_outlasts_a_server_that_is_away():
    """Else a process that could not renew would be given up when the server is back."""
    assert lease.LEASE > patience.PATIENCE + 2 * lease.RENEW + patience.LONGEST


def test_what_a_live_process_trains_is_waited_for(tmp_path, monkeypatch):
    """Two processes of one study, here two owners: each run is trained by one of them."""
    url = tmp_path / "trials.log"
    ours, theirs = open_study("a", url), open_study("a", url)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        leave_running(theirs, run(), pid=alive.pid, started=psutil.Process(alive.pid).create_time())
        train = Pretended()
        found = []
        waiting = threading.Thread(
            target=lambda: found.extend(run_trials(ours, [run(), run(0.2)], train=train))
        )
        waiting.start()
        while not any(t.state == TrialState.COMPLETE for t in theirs.get_trials()):
            time.sleep(0.02)
        trial = theirs.get_trials()[0]
        Lease(theirs, trial).finish(0.9, outcome=by_rate(run()).as_dict())
        waiting.join(timeout=20)
        alive.communicate(b"\n")
    assert found == [by_rate(run()), by_rate(run(0.2))]
    assert [r.learning_rate for r in train.trained] == [0.2]


def test_of_two_that_take_a_run_at_once_the_first_has_it(study, monkeypatch):
    """The other's trial appears between our look and our own trial."""
    unseen = lease._live

    def late(*arguments):
        monkeypatch.setattr(lease, "_live", unseen)
        leave_running(study, run(), pid=1, host="elsewhere")
        return []

    monkeypatch.setattr(lease, "_live", late)
    assert Lease.take(study, run(), PARAMETERS) is None
    assert states(study) == [TrialState.RUNNING, TrialState.FAIL]


def test_a_trial_that_was_put_down_twice_is_one(study, monkeypatch):
    """As when the storage's answer to the first was lost, and the call was repeated."""
    add = study.add_trial
    monkeypatch.setattr(study, "add_trial", lambda trial: (add(trial), add(trial)))
    taken = Lease.take(study, run(), PARAMETERS)
    assert states(study) == [TrialState.RUNNING, TrialState.FAIL]
    taken.finish(0.9, outcome=by_rate(run()).as_dict())
    assert states(study) == [TrialState.COMPLETE, TrialState.FAIL]


def test_an_outcome_survives_a_host_that_gave_us_up(study):
    taken = Lease.take(study, run(), PARAMETERS)
    study.tell(0, state=TrialState.FAIL)
    taken.finish(0.9, outcome=by_rate(run()).as_dict())
    assert states(study) == [TrialState.FAIL]


def test_trials_that_others_put_there_are_left_alone(study):
    study.tell(study.ask(), 0.5)
    study.ask()
    run_trials(study, [run()], train=Pretended())
    assert len(finished(study)) == 1
    assert states(study) == [TrialState.COMPLETE, TrialState.RUNNING, TrialState.COMPLETE]
