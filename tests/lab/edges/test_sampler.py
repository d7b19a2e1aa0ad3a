"""ThresholdSampler in studies of a synthetic cell, whose edges are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from benchmarks.search.methods import SEARCHED
from benchmarks.search.methods import threshold as replayed
from keras_norms.lab.edges.sampler import VERDICT, ThresholdSampler
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput

pytestmark = pytest.mark.once

UPPER, BLOW_UP = {4: -0.32, 8: -0.61, 16: -0.93}, {4: 0.27, 8: -0.02, 16: -0.33}


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def truth(x: float, depth: int = 8) -> Verdict:
    if x > BLOW_UP[depth]:
        return Verdict.BLEW_UP
    return Verdict.USEFUL if -2.5 < x < UPPER[depth] else Verdict.UNTRAINED


def objective(trial: optuna.Trial) -> float:
    depth = trial.suggest_categorical("depth", sorted(UPPER))
    rate = trial.suggest_float("learning_rate", 1e-4, 1e2, log=True)
    verdict = truth(math.log10(rate), depth)
    trial.set_user_attr(VERDICT, verdict)
    if verdict is Verdict.BLEW_UP:
        raise optuna.TrialPruned
    return rate


def searched(trials: int, *, seed: int) -> list[float]:
    study = optuna.create_study(sampler=ThresholdSampler(seed=seed))
    for _ in range(trials):
        tell(study, ask(study))
    return [trial.params["learning_rate"] for trial in study.trials]


def ask(study: optuna.Study) -> optuna.Trial:
    trial = study.ask()
    trial.suggest_float("learning_rate", 1e-4, 1e2, log=True)
    return trial


def tell(study: optuna.Study, trial: optuna.Trial) -> None:
    trial.set_user_attr(VERDICT, truth(math.log10(trial.params["learning_rate"])))
    study.tell(trial, 0.0)


def test_the_edges_of_one_cell_within_14_runs():
    sampler = ThresholdSampler(seed=0)
    study = optuna.create_study(sampler=sampler)
    for _ in range(14):
        tell(study, ask(study))
    known = sampler.thresholds(study)
    assert known.runs == 14
    assert known.trains.median == pytest.approx(UPPER[8], abs=0.1)
    assert known.blow_up.median == pytest.approx(BLOW_UP[8], abs=0.1)


@pytest.mark.full
def test_conditions_have_edges_of_their_own_and_pruned_trials_count():
    sampler = ThresholdSampler(conditions={"depth": 0.5}, seed=1)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=100, callbacks=[sampler.stop_when_settled])
    assert len(study.trials) < 80  # it stopped by itself
    states = [trial.state for trial in study.trials]
    assert {TrialState.PRUNED, TrialState.COMPLETE} == set(states)
    for depth in UPPER:
        known = sampler.thresholds(study, depth=depth)
        assert known.settled()
        assert known.trains.median == pytest.approx(UPPER[depth], abs=0.1)
        assert known.blow_up.median == pytest.approx(BLOW_UP[depth], abs=0.1)


def test_the_same_seed_asks_for_the_same_rates_and_another_for_others():
    assert searched(6, seed=3) == searched(6, seed=3)
    assert any(searched(3, seed=3) != searched(3, seed=other) for other in range(4, 8))


def test_a_resumed_study_goes_on_as_it_would_have():
    storage = optuna.storages.InMemoryStorage()
    for _ in range(6):  # a new sampler each time, as a new process has
        study = optuna.create_study(
            storage=storage, study_name="s", load_if_exists=True, sampler=ThresholdSampler(seed=3)
        )
        tell(study, ask(study))
    assert [trial.params["learning_rate"] for trial in study.trials] == searched(6, seed=3)


def test_trials_under_way_spread_out():
    study = optuna.create_study(sampler=ThresholdSampler(seed=0))
    waiting = [ask(study) for _ in range(4)]
    places = sorted(math.log10(trial.params["learning_rate"]) for trial in waiting)
    assert np.diff(places).min() > 0.2
    for trial in waiting:
        tell(study, trial)
    assert study.sampler.thresholds(study).runs == 4


def test_failed_trials_and_those_without_a_verdict_do_not_count():
    sampler = ThresholdSampler(seed=0)
    study = optuna.create_study(sampler=sampler)
    failed = ask(study)
    failed.set_user_attr(VERDICT, Verdict.ALIVE)
    study.tell(failed, state=TrialState.FAIL)
    with pytest.warns(UserWarning, match="trial 1 has no user attribute 'verdict'"):
        study.tell(ask(study), 0.0)
    assert sampler.thresholds(study).runs == 0


def test_the_comparison_replays_what_the_sampler_does():
    asked: list[float] = []

    def answered(x: float) -> Verdict:
        asked.append(10**x)
        return truth(x)

    study = optuna.create_study(sampler=ThresholdSampler(seed=5, edges=SEARCHED))
    for _ in range(5):
        trial = study.ask()
        trial.suggest_float("learning_rate", 1e-5, 1e2, log=True)
        tell(study, trial)
    replayed(answered, 5, seed=5)
    rates = [trial.params["learning_rate"] for trial in study.trials]
    assert asked == pytest.approx(rates, rel=1e-9)


@pytest.mark.parametrize(
    ("sampler", "objective", "message"),
    [
        (ThresholdSampler(), lambda t: t.suggest_float("learning_rate", 0, 1), "log=True"),
        (
            ThresholdSampler(conditions={"depth": None}),
            lambda t: t.suggest_float("learning_rate", 0.1, 1, log=True),
            r"conditions=\['depth'\] of trial 0 are not known yet.*before 'learning_rate'",
        ),
    ],
)
def test_misuse_is_refused(sampler: ThresholdSampler, objective: Callable, message: str):
    study = optuna.create_study(sampler=sampler)
    with pytest.raises(BadInput, match=message):
        study.optimize(objective, n_trials=1)


def test_a_verdict_that_is_none_is_refused():
    study = optuna.create_study(sampler=ThresholdSampler())
    trial = ask(study)
    trial.set_user_attr(VERDICT, "exploded")
    with pytest.raises(BadInput, match=r"verdict='exploded' of trial 0.*'blew up', 'dead at"):
        study.tell(trial, 0.0)


@pytest.mark.parametrize("spread", [0, -1.0, math.inf])
def test_a_spread_that_is_none_is_refused(spread: float):
    with pytest.raises(BadInput, match="is no spread: write the decades"):
        ThresholdSampler(conditions={"depth": spread})


def test_conditions_that_are_not_the_samplers_are_refused():
    sampler = ThresholdSampler(conditions={"depth": None})
    with pytest.raises(BadInput, match=r"give \['depth'\]"):
        sampler.thresholds(optuna.create_study(sampler=sampler), normalizer="batch")


def test_edges_that_are_none_are_refused():
    for edges in ((), ("upper",), "alive"):
        with pytest.raises(BadInput, match=r"Invalid edges=.*lower, useful, alive, blow_up"):
            ThresholdSampler(edges=edges)


def test_a_search_begins_from_the_prior_that_it_is_given():
    near = Thresholds.prior(1e-4, 1e2).given([(0.5, Verdict.USEFUL), (2.0, Verdict.BLEW_UP)] * 3)
    study = optuna.create_study(sampler=ThresholdSampler(seed=0, prior=near))
    tell(study, first := ask(study))
    assert 0.3 < first.params["learning_rate"] < 3
    sampler = ThresholdSampler(seed=0, prior=near)
    assert sampler.before(study) is near
    assert sampler.thresholds(study).runs == near.runs + 1


def test_a_prior_of_another_range_is_refused():
    sampler = ThresholdSampler(prior=Thresholds.prior(1e-3, 1e2))
    with pytest.raises(BadInput, match=r"prior=.* is of another range than learning_rate between"):
        ask(optuna.create_study(sampler=sampler))
