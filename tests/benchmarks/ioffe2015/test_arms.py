"""The experiments on fixed groups of runs, from command to page, with pretended training."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import divergence, ensemble, figure1, scale, shuffle
from benchmarks.ioffe2015.ablation import faster
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Outcome, Run
from tests.benchmarks.ioffe2015.pretended import fails, pretend, trains
from tests.lab.pretending import run as some_run

pytestmark = pytest.mark.once


def for_shuffle(run: Run) -> Outcome:
    return trains(run, 0.5, 0.95 if run.reshuffle else 0.94)


def for_ablation(run: Run) -> Outcome:
    return trains(run, 0.5, 0.96, 0.97) if not run.dropout else trains(run, 0.5, 0.6, 0.96)


def for_sigmoid(run: Run) -> Outcome:
    if run.normalizer == "none":
        return fails(run, Verdict.UNTRAINED)
    return trains(run, 0.5, 0.9 if run.learning_rate == 1 else 0.5)


def for_divergence(run: Run) -> Outcome:
    if run.normalizer == "none" and run.learning_rate > 0.15:
        return fails(run, Verdict.BLEW_UP)
    return trains(run, 0.5, 0.9)


def for_scale(run: Run) -> Outcome:
    norm = 100.0 if "statistics_gradient" in run.normalizer else 10.0
    return trains(run, 0.5, 0.9, probed=[{"norm": 1.0}, {"norm": norm}])


def for_ensemble(run: Run) -> Outcome:
    """Ten images of class 0; every network is wrong on its own one of the first six."""
    odds = [[0.9, 0.1]] * 10
    odds[run.seed % 6] = [0.4, 0.6]
    return trains(run, 0.9, probed=[{"probabilities": odds, "labels": [0] * 10}])


def for_figure1(run: Run) -> Outcome:
    """Without: slow, and medians that come from afar. At other rates than 1 it does not train."""
    if run.normalizer != "none":
        medians, accuracies = (-0.2, 0.1, 0.0, 0.0), (0.95, 0.96, 0.97, 0.97)
    elif run.learning_rate == 1:
        medians, accuracies = (-3.0, -1.0, 0.5, 0.0), (0.5, 0.7, 0.8, 0.91)
    else:
        medians, accuracies = (0.0, 0.0, 0.0, 0.0), (0.1, 0.1, 0.1, 0.1)
    rows = [{"p15": [m - 1] * 3, "p50": [m] * 3, "p85": [m + 1] * 3} for m in medians]
    return trains(run, *accuracies, probed=rows)


EXPERIMENTS = {
    "shuffle": (for_shuffle, 1, 10),
    "ablation": (for_ablation, 3, 12),
    "sigmoid": (for_sigmoid, 2, 18),
    "divergence": (for_divergence, 3, 18 + 3),
    "scale": (for_scale, 2, 12),
    "ensemble": (for_ensemble, 2, 18),
    "figure1": (for_figure1, 4, 18),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_where_everything_is_as_in_the_paper_every_claim_holds(name, monkeypatch, tmp_path):
    rule, claims, runs = EXPERIMENTS[name]
    trained = pretend(monkeypatch, rule)
    command = ["run", f"ioffe2015.{name}", "--out", str(tmp_path)]
    assert BENCHMARKS.main(command) == 0
    assert len(trained) == runs
    (table,) = (tmp_path / "tables").glob("*-claims.csv")
    assert pd.read_csv(table).verdict.tolist() == ["reproduced"] * claims
    page = (tmp_path / f"ioffe2015.{name}.html").read_bytes()
    assert BENCHMARKS.main(command) == 0
    assert len(trained) == runs
    assert (tmp_path / f"ioffe2015.{name}.html").read_bytes() == page


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_where_nothing_differs_no_claim_of_a_difference_holds(name, monkeypatch, tmp_path):
    probed = [
        {"norm": 1.0, "probabilities": [[0.6, 0.4]], "labels": [0]}
        | {f"p{p}": [0.0, 0.0] for p in (15, 50, 85)}
    ]
    pretend(monkeypatch, lambda run: trains(run, 0.5, probed=probed))
    assert BENCHMARKS.main(["run", f"ioffe2015.{name}", "--out", str(tmp_path)]) == 0
    (table,) = (tmp_path / "tables").glob("*-claims.csv")
    held = (pd.read_csv(table).verdict == "reproduced").sum()
    # What holds of equals: "costs no accuracy" (twice), "is never lower", "does not diverge".
    assert held == {"ablation": 2, "figure1": 1, "divergence": 1}.get(name, 0)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_one_that_was_stopped_says_so(name, monkeypatch, tmp_path, capsys):
    rule = EXPERIMENTS[name][0]
    left = [4]

    def stopped(run: Run) -> Outcome:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return rule(run)

    pretend(monkeypatch, stopped)
    assert BENCHMARKS.main(["run", f"ioffe2015.{name}", "--out", str(tmp_path)]) == 130
    assert BENCHMARKS.main(["report", "--out", str(tmp_path)]) == 0
    assert "Not all runs of this experiment are finished." in capsys.readouterr().out


def test_what_the_arms_differ_in():
    new, fixed = shuffle.Settings(seeds=1).groups().values()
    assert (new[0].reshuffle, fixed[0].reshuffle) == (True, False)
    assert new[0].learning_rate == pytest.approx(0.15)
    kinds = {run.dropout for runs in ensemble.Settings().groups().values() for run in runs}
    assert kinds == {0.0, 0.05, 0.1}
    seeds = [run.seed for runs in ensemble.Settings().groups().values() for run in runs]
    assert len(set(seeds)) == len(seeds) == 18
    assert {run.model for runs in scale.Settings().groups().values() for run in runs} == {
        "mlp",
        "mlp_small",
    }
    assert {run.batch for runs in figure1.Settings().groups().values() for run in runs} == {60}


def test_the_working_rate_is_below_the_first_that_fails():
    def swept(*verdicts: Verdict) -> dict[str, list[Outcome]]:
        rates = (0.1, 0.2, 0.5)
        return {
            str(rate): [trains(some_run(rate), 0.9), fails(some_run(rate, 1), verdict)]
            for rate, verdict in zip(rates, verdicts, strict=True)
        }

    trained, dead, blown = Verdict.ALIVE, Verdict.UNTRAINED, Verdict.BLEW_UP
    assert divergence.largest_working(swept(trained, trained, trained)) == 0.5
    assert divergence.largest_working(swept(trained, dead, trained)) == 0.1
    assert divergence.largest_working(swept(trained, trained, blown)) == 0.2
    assert divergence.largest_working(swept(dead, trained, trained)) is None


def test_faster_where_one_does_not_get_there():
    there, never = trains(some_run(steps=20), 0.5, 0.96), trains(some_run(steps=20), 0.5, 0.6)
    assert faster(0.95, there, there) == faster(0.95, never, never) == 1
    assert faster(0.95, there, never) == float("inf")
    assert faster(0.95, never, there) == 0


@pytest.mark.parametrize("module", [divergence, ensemble, figure1, scale, shuffle])
def test_bad_settings_are_refused(module):
    for name in ("seeds", "steps", "batch"):
        with pytest.raises(BadInput, match=rf"{name}=0"):
            module.Settings(**{name: 0})
