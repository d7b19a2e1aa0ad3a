"""The search for accuracy, with pretended training: pruning, going on, and its page."""

from __future__ import annotations

import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.trials import finished, open_study
from studies import tune
from studies.__main__ import STUDIES
from tests.lab.pretending import Pretended, outcome

pytestmark = pytest.mark.once

COMMAND = ["run", "tune", "--normalizers", "none", "layer", "--trials", "12", "--steps", "20"]


def rule(run: Run) -> Outcome:
    """The closer to 0.1 the better; blows up above 3."""
    if run.learning_rate > 3:
        return outcome(run, Verdict.BLEW_UP, (0.1,) * 10)
    best = 1 / (1 + abs(run.learning_rate - 0.1))
    return outcome(run, Verdict.ALIVE, tuple(best * step / 10 for step in range(1, 11)))


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    train = Pretended(rule)
    monkeypatch.setattr(tune, "train", train)
    return train


def study(folder) -> optuna.Study:
    return open_study("tune-digits-mlp", folder / "trials.log")


def test_the_search_ends_in_a_page_and_goes_on_from_there(train, tmp_path, capsys):
    command = [*COMMAND, "--out", str(tmp_path)]
    assert STUDIES.main(command) == 0
    page = (tmp_path / "tune.html").read_text()
    assert page.count("<img") == 2
    assert len(study(tmp_path).trials) == 12
    assert STUDIES.main(command) == 0
    assert len(study(tmp_path).trials) == 12
    assert (tmp_path / "tune.html").read_text() == page
    tidy = pd.read_csv(tmp_path / "tables" / "tune-digits-mlp-best.csv")
    assert sorted(tidy.trial) == [*range(12)]
    assert STUDIES.main([*command, "--normalizers", "batch"]) == 2
    assert "normalizers=['batch'] differs from normalizers=['none', 'layer']" in (
        capsys.readouterr().err
    )


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(train, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert STUDIES.main([*COMMAND, "--out", str(whole)]) == 0
    assert STUDIES.main([*COMMAND, "--trials", "5", "--out", str(stopped)]) == 0
    assert STUDIES.main([*COMMAND, "--out", str(stopped)]) == 0
    first, second = (
        [trial.params for trial in study(folder).trials] for folder in (whole, stopped)
    )
    assert first == second


def test_what_lags_behind_is_pruned_and_what_blew_up_is_zero(train, tmp_path):
    assert STUDIES.main([*COMMAND, "--trials", "30", "--out", str(tmp_path)]) == 0
    trials = study(tmp_path).trials
    pruned = [trial for trial in trials if trial.state is TrialState.PRUNED]
    whole = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    assert pruned
    assert len(pruned) + len(whole) == 30
    assert all(len(trial.intermediate_values) < 10 for trial in pruned)
    assert all(trial.value == 0 for trial in whole if trial.params["learning_rate"] > 3)
    assert len(finished(study(tmp_path))) == len(whole)


def test_ctrl_c_leaves_no_trial_under_way(train, tmp_path):
    def interrupted(run: Run) -> None:
        if len(train.trained) == 3:
            raise KeyboardInterrupt

    train.before = interrupted
    assert STUDIES.main([*COMMAND, "--out", str(tmp_path)]) == 130
    states = [trial.state for trial in study(tmp_path).trials]
    assert TrialState.RUNNING not in states
    assert states.count(TrialState.FAIL) == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--trials", "0"], "trials=0"), (["--low", "2", "--high", "1"], "low=2.0, high=1.0"),
     (["--normalizers", "bach"], "bach"), (["--depth", "0"], "depth=0")],
)  # fmt: skip
def test_bad_input(options, named, tmp_path, capsys):
    assert STUDIES.main([*COMMAND, "--out", str(tmp_path), *options]) == 2
    assert named in capsys.readouterr().err
