"""An Optuna sampler for the edges of learning rates, in any study whose runs have a verdict.

def objective(trial):
    depth = trial.suggest_categorical("depth", [4, 8, 16])
    rate = trial.suggest_float("learning_rate", 1e-5, 1e2, log=True)
    losses, accuracies = train(depth, rate)
    verdict, _ = classify(losses, accuracies, classes=10)
    trial.set_user_attr("verdict", verdict)  # "blew up", "untrained", "alive", "useful", ...
    return accuracies[-1]

sampler = ThresholdSampler(conditions={"depth": 0.5}, seed=0)
study = optuna.create_study(sampler=sampler, direction="maximize")
study.optimize(objective, n_trials=48, callbacks=[sampler.stop_when_settled])
sampler.thresholds(study, depth=8).alive.interval()
"""

from __future__ import annotations

import math
import secrets
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from keras_norms.lab.edges.acquisition import next_rate
from keras_norms.lab.edges.threshold import SEARCHED, WIDTH, Thresholds, known_edges
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput

VERDICT = "verdict"


class ThresholdSampler(BaseSampler):
    """Asks for the learning rates that tell most about the useful, alive and blow-up edges.

    A trial counts once its user attribute `verdict` is set, whether it ends complete or pruned, and
    whatever value it tells; failed trials do not. Trials under way count by their likely verdicts,
    so that a batch, or many workers, spread out. A choice depends on the seed, the number of the
    trial and what the study then holds, and on nothing else: a study that is resumed goes on as
    it would have.

    Args:
        rate: name of the learning rate: `suggest_float(rate, low, high, log=True)`.
        conditions: the parameters that have edges of their own for each of their values, such as
            normalizer or seed: suggested before the rate, or user attributes set before it. For
            each either None, or how many decades its edges differ by between neighbouring values:
            then the nearest value that has runs gives the prior.
        edges: those that are searched, of "lower", "useful", "alive" and "blow_up".
        seed: of all that is drawn.
        prior: what is known of a cell before its trials, of the same range as the rate; where None
            nothing but the order of the edges.
        independent_sampler: for the other parameters; random by default.

    Raises:
        BadInput: a spread that is not positive, or an unknown edge; later, a rate that is not on a
            log scale, a condition that is not there before the rate, or a verdict that is none.
    """

    def __init__(
        self,
        rate: str = "learning_rate",
        *,
        conditions: Mapping[str, float | None] | None = None,
        edges: Sequence[str] = SEARCHED,
        seed: int | None = None,
        prior: Thresholds | None = None,
        independent_sampler: BaseSampler | None = None,
    ) -> None:
        self._rate, self._conditions = rate, dict(conditions or {})
        for name, spread in self._conditions.items():
            if spread is not None and not 0 < spread < math.inf:
                raise BadInput(
                    f"conditions={{{name!r}: {spread!r}}} is no spread: write the decades by which "
                    "edges differ between neighbours, as 0.5, or None to share nothing"
                )
        self._edges, self._before = known_edges(edges), prior
        self._seed = secrets.randbits(32) if seed is None else seed
        self._independent = independent_sampler or RandomSampler(seed=seed)

    def reseed_rng(self) -> None:
        self._seed = secrets.randbits(32)
        self._independent.reseed_rng()

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}  # the rate comes last, when its conditions are known

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        if param_name != self._rate:
            return self._independent.sample_independent(
                study, trial, param_name, param_distribution
            )
        if not (isinstance(param_distribution, FloatDistribution) and param_distribution.log):
            raise BadInput(
                f"{self._rate}={param_distribution} is not on a log scale: write "
                f"suggest_float({self._rate!r}, low, high, log=True)"
            )
        low, high = param_distribution.low, param_distribution.high
        cell = self._cell(trial)
        trials = [other for other in self._trials(study) if other.number != trial.number]
        known = self._posterior(trials, cell, low, high)
        pending = [
            other.params[self._rate]
            for other in trials
            if other.state is TrialState.RUNNING
            and VERDICT not in other.user_attrs
            and self._cell(other) == cell
        ]
        draw = np.random.default_rng([self._seed, trial.number])
        return min(max(next_rate(known, draw, pending, self._edges), low), high)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._independent.before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._independent.after_trial(study, trial, state, values)
        if state is not TrialState.FAIL and self._rate in trial.params:
            if VERDICT not in trial.user_attrs:
                warnings.warn(
                    f"trial {trial.number} has no user attribute {VERDICT!r} and says nothing "
                    f"about the edges: set it to one of {[str(each) for each in Verdict]}",
                    stacklevel=2,
                )
            else:
                _verdict(trial)

    def thresholds(self, study: Study, **conditions: Any) -> Thresholds:
        """What the trials of `study` say about the edges under these conditions.

        Raises:
            BadInput: conditions that are not the sampler's, or no trial with a learning rate.
        """
        return self._posterior(*self._asked(study, conditions))

    def before(self, study: Study, **conditions: Any) -> Thresholds:
        """The prior of these conditions: flat, or from the neighbour that has runs."""
        trials, cell, low, high = self._asked(study, conditions)
        return self._prior([t for t in trials if VERDICT in t.user_attrs], cell, low, high)

    def _asked(
        self, study: Study, conditions: dict[str, Any]
    ) -> tuple[list[FrozenTrial], dict[str, Any], float, float]:
        if conditions.keys() != self._conditions.keys():
            raise BadInput(
                f"conditions={conditions} are not the sampler's: give {sorted(self._conditions)}"
            )
        trials = self._trials(study)
        if not trials:
            raise BadInput(f"study={study.study_name!r} has no trial with a {self._rate!r} yet")
        between = trials[-1].distributions[self._rate]
        assert isinstance(between, FloatDistribution)  # or no rate would have been asked for
        return trials, conditions, between.low, between.high

    def stop_when_settled(self, study: Study, trial: FrozenTrial, width: float = WIDTH) -> None:
        """A callback for `study.optimize`: stops once the edges of all its cells are settled."""
        # Its own cell first: while that one is open, the others need no look.
        cells = [self._cell(other) for other in (trial, *self._trials(study))]
        distinct = [cell for place, cell in enumerate(cells) if cell not in cells[:place]]
        known = (self.thresholds(study, **cell) for cell in distinct)
        if all(each.settled(width, self._edges) for each in known):
            study.stop()

    def _trials(self, study: Study) -> list[FrozenTrial]:
        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        trials = study.get_trials(deepcopy=False, states=states)
        needed = {self._rate, *self._conditions}
        return [trial for trial in trials if needed <= {*trial.params, *trial.user_attrs}]

    def _cell(self, trial: FrozenTrial) -> dict[str, Any]:
        known = trial.user_attrs | trial.params
        if missing := [name for name in self._conditions if name not in known]:
            raise BadInput(
                f"conditions={missing} of trial {trial.number} are not known yet: suggest them, or "
                f"set them as user attributes, before {self._rate!r}"
            )
        return {name: known[name] for name in self._conditions}

    def _posterior(
        self, trials: Sequence[FrozenTrial], cell: dict[str, Any], low: float, high: float
    ) -> Thresholds:
        told = [trial for trial in trials if VERDICT in trial.user_attrs]
        return self._prior(told, cell, low, high).given(self._runs(told, cell))

    def _prior(
        self, told: Sequence[FrozenTrial], cell: dict[str, Any], low: float, high: float
    ) -> Thresholds:
        known = Thresholds.prior(low, high)
        if self._before is not None:
            if self._before.range != known.range:
                raise BadInput(
                    f"prior={self._before.range} is of another range than {self._rate} between "
                    f"{low} and {high}: give one of the same"
                )
            known = self._before
        if (near := self._neighbour(told, cell)) is None:
            return known
        other, spread = near
        return known.given(self._runs(told, other)).warming(spread)

    def _runs(
        self, told: Iterable[FrozenTrial], cell: dict[str, Any]
    ) -> list[tuple[float, Verdict]]:
        return [
            (trial.params[self._rate], _verdict(trial))
            for trial in told
            if self._cell(trial) == cell
        ]

    def _neighbour(
        self, told: Iterable[FrozenTrial], cell: dict[str, Any]
    ) -> tuple[dict[str, Any], float] | None:
        """The cell that differs in one shared condition, by least, and its spread."""
        near = []
        for other in map(self._cell, told):
            differing = [name for name in cell if other[name] != cell[name]]
            if len(differing) == 1 and (spread := self._conditions[differing[0]]):
                (name,) = differing
                near.append((spread, abs(other[name] - cell[name]), len(near), other))
        return (min(near)[-1], min(near)[0]) if near else None


def _verdict(trial: optuna.trial.FrozenTrial) -> Verdict:
    try:
        return Verdict(trial.user_attrs[VERDICT])
    except ValueError as error:
        raise BadInput(
            f"{VERDICT}={trial.user_attrs[VERDICT]!r} of trial {trial.number} is none: set one of "
            f"{[str(each) for each in Verdict]}"
        ) from error
