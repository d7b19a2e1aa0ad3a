"""A search under way: an Optuna study whose trials are runs of one model, seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState

from keras_norms.lab.edges.sampler import ThresholdSampler
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.max_learning_rate.ramp import Ramp
from keras_norms.lab.max_learning_rate.recommendation import candidates
from keras_norms.lab.max_learning_rate.result import MaxLearningRate
from keras_norms.lab.max_learning_rate.trial import RATE, SEED, VERDICT, Trial

if TYPE_CHECKING:  # so that results are read without a framework
    from keras_norms.lab.max_learning_rate.subject import Subject

BETWEEN_SEEDS = 0.2  # decades by which the edges of two seeds differ


@dataclass(frozen=True)
class Search:
    """Attributes:
    settings: of the study; "low" and "high", and "ramp" if there was one.
    """

    study: optuna.Study
    subject: Subject
    settings: dict[str, Any]

    def finished(self, seed: int, runs: int, width: float) -> bool:
        """Whether a seed's edges are known, or its runs used up."""
        done = sum(trial.user_attrs[SEED] == seed for trial in told(self.study))
        known = sampler_of(self.settings)
        return done >= runs or (done > 0 and known.thresholds(self.study, seed=seed).settled(width))

    def run(self, seed: int) -> None:
        """One run, at the rate that tells most."""
        self.study.sampler = sampler_of(self.settings)
        trial = self.study.ask()
        try:
            trial.set_user_attr(SEED, seed)
            rate = trial.suggest_float(RATE, self.settings["low"], self.settings["high"], log=True)
            # Each run in an order of its own: a rate that is tried again gives new information.
            ended = self.subject.train(rate, seed, trial.number)
        except BaseException:  # Ctrl-C among them
            self.study.tell(trial, state=TrialState.FAIL)
            raise
        for name, value in _attributes(ended).items():
            trial.set_user_attr(name, value)
        self.study.tell(trial, ended.value)

    def confirmed(self, seeds: int) -> MaxLearningRate:
        """What was found, once rates to use have been tried with every seed until one passed."""
        tried: set[float] = set()
        while True:
            found = result_of(self.study, seeds, self.settings)
            edge = found.up_to(found.goal)
            rates = candidates(edge, self.settings["low"]) if edge else ()
            left = [rate for rate in rates if rate not in tried and rate < min(tried, default=edge)]
            if found.recommendation.rate is not None or not left:
                return found
            tried.add(left[0])
            for seed in range(seeds):
                if not self._passes(found.goal, left[0], seed):
                    break

    def _passes(self, goal: str, rate: float, seed: int) -> bool:
        """Whether a run at a rate, made unless it was, is as good as asked for."""
        for trial in told(self.study):
            if trial.params[RATE] == rate and trial.user_attrs[SEED] == seed:
                return _good(goal, trial)
        ended = self.subject.train(rate, seed, len(self.study.get_trials(deepcopy=False)))
        trial = finished_trial(
            {RATE: rate}, {SEED: seed} | _attributes(ended), ended.value, self.settings
        )
        self.study.add_trial(trial)
        return _good(goal, trial)


def sampler_of(settings: dict[str, Any]) -> ThresholdSampler:
    """One that starts from what the ramp of these settings said."""
    ramp = settings.get("ramp")
    prior = Ramp(**ramp).prior() if ramp else None
    return ThresholdSampler(RATE, conditions={SEED: BETWEEN_SEEDS}, seed=0, prior=prior)


def result_of(study: optuna.Study, seeds: int, settings: dict[str, Any]) -> MaxLearningRate:
    """What the finished trials of a study say."""
    sampler = sampler_of(settings)
    known = [sampler.thresholds(study, seed=seed) for seed in range(seeds)]
    priors = [sampler.before(study, seed=seed) for seed in range(seeds)]
    trials = [trial for trial in told(study) if trial.user_attrs[SEED] < seeds]
    return MaxLearningRate(known, priors, trials, settings)


def finished_trial(
    params: dict[str, float], attributes: dict[str, Any], value: float, settings: dict[str, Any]
) -> FrozenTrial:
    """A trial of a study with these settings, as it would have been told."""
    rates = FloatDistribution(settings["low"], settings["high"], log=True)
    return optuna.trial.create_trial(
        params=params, distributions={RATE: rates}, user_attrs=attributes, value=value
    )


def told(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _attributes(ended: Trial) -> dict[str, Any]:
    return ended.as_dict() | {VERDICT: ended.verdict}


def _good(goal: str, trial: FrozenTrial) -> bool:
    verdict = Verdict(trial.user_attrs[VERDICT])
    return verdict is Verdict.USEFUL if goal == "useful" else verdict.trained
