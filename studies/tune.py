"""Accuracy over learning rate, momentum, weight decay and normalizer, the usual Optuna way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import optuna
from optuna.trial import TrialState

from keras_norms.lab.experiment import TUNING_SEED, Experiment
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report import tuning
from keras_norms.lab.report.accuracy_plot import value_of
from keras_norms.lab.training import Run
from keras_norms.lab.trials import KEY
from keras_norms.lab.walk import Search

MOMENTA = (0.0, 0.9, 0.99)
TOGETHER = 8  # trials of a rung, which workers share
KEPT = 0.5  # of a rung goes on to the whole budget
FIRST = 5  # a trial begins with one in so many of the steps


@dataclass(frozen=True, kw_only=True)
class Tune(Experiment):
    """Accuracy over learning rate, momentum, weight decay and normalizer, the usual Optuna way.

    Question   Which normalizer, with which learning rate, momentum and L2 weight, ends at the
               highest accuracy within a number of steps, and which of these matters most?
    Search     Optuna's TPE proposes eight at a time; each is first run for a fifth of the steps,
               and the better half of the eight for all of them. A run that blows up counts as 0.
    Set-up     SGD at a constant learning rate, mini-batches of 64, one seed for weights and
               batches. Accuracy is that of a held-out fifth of the training set: the test set is
               not read.
    Importance PED-ANOVA, Optuna's default: how far the distribution of a parameter among the best
               tenth of the finished trials is from that among all of them.
    Beware     The best of many is an optimistic number: for a comparison with intervals use
               `benchmarks`.
    Cost       With the defaults 96 trials: 2 CPU minutes with TensorFlow.
    Command    python -m studies run tune --normalizers batch layer --trials 48 --out results
    """

    data: str = option("digits:validation=0.2,evaluate_on=validation", "data set")
    model: str = option("mlp:depth=8,width=64", "model")
    normalizers: tuple[str, ...] = option(
        ("none", "batch:momentum=0.9", "layer", "group:groups=8", "rms"), "specs"
    )
    trials: int = option(96, "trials, finished or stopped", least=1, most=100_000)
    steps: int = option(300, "steps a run", least=FIRST)
    batch: int = option(64, "examples a step", least=1)
    low: float = option(1e-3, "smallest learning rate", **RATE)
    high: float = option(1e1, "largest learning rate", **RATE)
    seed: int = option(TUNING_SEED, "of weights, batches and search", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low < self.high:
            raise self.invalid("low", f"write a rate below --high {self.high:g}")

    def plan(self):
        most = int(self.trials * (1 + KEPT)) + TOGETHER
        yield {"trials": Search(self.search(), most)}

    def search(self):
        """Returns the Optuna study, a function of the outcomes alone."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=self.seed, constant_liar=True)
        study = optuna.create_study(study_name=self.name(), sampler=sampler, direction="maximize")
        while len(study.trials) < self.trials:
            together = min(TOGETHER, self.trials - len(study.trials))
            asked = [study.ask() for _ in range(together)]
            runs = [self.suggested(trial) for trial in asked]
            first = yield runs
            for trial, outcome in zip(asked, first, strict=True):
                trial.report(value_of(outcome), outcome.run.steps)
                trial.set_user_attr(KEY, outcome.run.key)
            order = sorted(range(together), key=lambda k: -value_of(first[k]))
            chosen = order[: max(1, round(KEPT * together))]
            longer = yield [self.longer(runs[k]) for k in chosen]
            for k, outcome in zip(chosen, longer, strict=True):
                asked[k].report(value_of(outcome), outcome.run.steps)
                asked[k].set_user_attr(KEY, outcome.run.key)
                study.tell(asked[k], value_of(outcome))
            for k in order[len(chosen) :]:
                study.tell(asked[k], state=TrialState.PRUNED)
        return study

    def suggested(self, trial: optuna.Trial) -> Run:
        normalizer = trial.suggest_categorical("normalizer", self.normalizers)
        rate = trial.suggest_float("learning_rate", self.low, self.high, log=True)
        # A few values, since a program is compiled for each; those between would tell little.
        momentum = trial.suggest_categorical("momentum", MOMENTA)
        l2 = trial.suggest_float("l2", 1e-6, 1e-2, log=True)
        return Run(
            data=self.data,
            model=self.model,
            normalizer=normalizer,
            optimizer=f"sgd:momentum={momentum:g},l2={l2:.6g}",
            batch=self.batch,
            steps=self.steps // FIRST,
            learning_rate=rate,
            seed=self.seed,
        )

    def longer(self, run: Run) -> Run:
        return replace(run, steps=self.steps)

    def summary(self, found):
        study = found["trials"]
        return tuning.tuning_summary(study, study.trials, self.steps)

    def tables(self, found):
        study = found["trials"]
        yield tuning.best_table(f"{self.name()}-best", study.trials)
        yield tuning.importance_table(f"{self.name()}-importance", study)

    def figures(self, found):
        trials = found["trials"].trials
        yield tuning.draw_slice(found.folder, f"{self.name()}-rates", trials)
        yield tuning.draw_history(found.folder, self.name(), trials)
