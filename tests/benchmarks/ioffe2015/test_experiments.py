"""Every experiment on runs, from plan to page, with made-up outcomes."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from benchmarks.ioffe2015.figure1_training import Training
from benchmarks.ioffe2015.figure2_convergence import Convergence
from benchmarks.ioffe2015.figure3_imagenet import ImageNet
from benchmarks.ioffe2015.section2_scale import Scale
from benchmarks.ioffe2015.section421_ablation import Ablation
from benchmarks.ioffe2015.section421_shuffle import Shuffle
from benchmarks.ioffe2015.section422_divergence import Divergence
from benchmarks.ioffe2015.section422_sigmoid import Sigmoid
from benchmarks.ioffe2015.section423_ensemble import APART, Ensemble
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.training import Outcome, Run
from tests.benchmarks.made_up import finished, found, page, trained

pytestmark = pytest.mark.once

Rule = Callable[[Run], Outcome]


def argument(run: Run, name: str):
    return run.of("model").arguments[name]


def for_comparison(run: Run) -> Outcome:
    """Plain: best at 0.1, diverges at 0.5, chance with sigmoids. Normalized: faster and higher."""
    if run.normalizer == "none":
        if argument(run, "activation") == "sigmoid":
            return trained(run, *(0.1,) * 10, verdict="untrained")
        if run.learning_rate > 0.3:
            return trained(run, 0.1, verdict="blew up")
        best = 0.7 if run.learning_rate == 0.1 else 0.5
        return trained(run, *(best * k / 10 for k in range(1, 11)))
    speed = 2 if run.learning_rate < 0.3 else 5
    high = 0.8 if run.learning_rate == 3.0 else 0.75
    high = 0.65 if argument(run, "activation") == "sigmoid" else high
    return trained(run, *(min(high, high * speed * k / 10) for k in range(1, 11)))


def for_figure1(run: Run) -> Outcome:
    """Without: slow, best at 1, with medians that come from afar. With: fast at any rate."""
    if run.normalizer != "none":
        medians, accuracies = (-0.2, 0.1, 0.0, 0.0), (0.95, 0.96, 0.97, 0.97)
    elif run.learning_rate == 1:
        medians, accuracies = (-3.0, -1.0, 0.5, 0.0), (0.5, 0.7, 0.8, 0.91)
    else:
        return trained(run, *(0.1,) * 4, verdict="untrained")
    rows = [{"p15": [m - 1] * 3, "p50": [m] * 3, "p85": [m + 1] * 3} for m in medians]
    return trained(run, *accuracies, probed=rows)


def for_scale(run: Run) -> Outcome:
    norm = 100.0 if "statistics_gradient" in run.normalizer else 10.0
    return trained(run, 0.5, 0.9, probed=[{"norm": 1.0}, {"norm": norm}])


def for_ablation(run: Run) -> Outcome:
    return (
        trained(run, 0.5, 0.6, 0.96) if argument(run, "dropout") else trained(run, 0.5, 0.96, 0.97)
    )


def for_shuffle(run: Run) -> Outcome:
    return trained(run, 0.5, 0.94 if "reshuffle=false" in run.data else 0.95)


def for_divergence(run: Run) -> Outcome:
    if run.normalizer == "none" and run.learning_rate > 0.15:
        return trained(run, 0.1, verdict="blew up")
    return trained(run, 0.5, 0.9)


def for_sigmoid(run: Run) -> Outcome:
    if run.normalizer == "none":
        return trained(run, 0.1, verdict="untrained")
    return trained(run, 0.5, 0.9 if run.learning_rate == 1 else 0.5)


def for_ensemble(run: Run) -> Outcome:
    """A hundred images of class 0; every network is wrong on a tenth of its own."""
    odds = [[0.9, 0.1]] * 100
    place = run.seed // APART
    odds[10 * place : 10 * place + 10] = [[0.4, 0.6]] * 10
    return trained(run, 0.9, probed=[{"probabilities": odds, "labels": [0] * 100}])


EXPERIMENTS: dict[type[Experiment], tuple[Rule, int, int]] = {
    Training: (for_figure1, 4, 2 * 4 * 3 + 3 * 9),
    Convergence: (for_comparison, 7, 6 * 3 + 7 * 9),
    Scale: (for_scale, 2, 4 * 9),
    Ablation: (for_ablation, 3, 4 * 9),
    Shuffle: (for_shuffle, 1, 2 * 9),
    Divergence: (for_divergence, 3, 6 * 3 + 2 * 9),
    Sigmoid: (for_sigmoid, 2, 2 * 3 * 3 + 2 * 9),
    Ensemble: (for_ensemble, 2, 6 * 9),
}


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_where_everything_is_as_in_the_paper_every_claim_holds(kind, tmp_path):
    rule, claims, runs = EXPERIMENTS[kind]
    done = []
    text = page(kind(), tmp_path, lambda run: done.append(run) or rule(run))
    assert len(done) == runs
    with (tmp_path / "claims.csv").open() as file:
        told = {row["claim"]: row["verdict"] for row in csv.DictReader(file)}
    assert [*told.values()] == ["reproduced"] * claims
    assert "Still to come" not in text


@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_where_nothing_differs_no_claim_of_a_difference_holds(kind, tmp_path):
    row = {"norm": 1.0, "probabilities": [[0.6, 0.4]], "labels": [0], "p15": [0.0], "p50": [0.0],
           "p85": [0.0]}  # fmt: skip
    told = found(kind(), tmp_path, lambda run: trained(run, 0.5, 0.5, probed=[row] * 2))
    held = [claim.sentence for claim in kind().claims(told) if claim.verdict == "reproduced"]
    # What holds of equals: that something costs nothing, is never lower, does not diverge, trains.
    assert len(held) == {Ablation: 2, Training: 1, Divergence: 1, Convergence: 3}.get(kind, 0)


def test_without_a_plain_network_that_trains_nothing_is_judged(tmp_path):
    told = found(Convergence(), tmp_path, lambda run: trained(run, 0.1, verdict="untrained"))
    assert {claim.verdict for claim in Convergence().claims(told)} == {"no power here"}


def test_the_arms_differ_as_the_paper_says(tmp_path):
    done = finished(Convergence(rates=(0.01, 0.1, 1.0)), tmp_path, for_comparison).found
    first = {name: done[name][0].run for name in ("Inception", "BN-x5", "BN-x30", "BN-x5-Sigmoid")}
    plain, fast, faster, sigmoid = first.values()
    assert (plain.learning_rate, fast.learning_rate, faster.learning_rate) == (0.1, 0.5, 3.0)
    assert [argument(run, "dropout") for run in first.values()] == [0.4, 0, 0, 0]
    assert [run.of("optimizer").arguments["l2"] for run in (plain, fast)] == [1e-4, 2e-5]
    assert plain.schedule == "exponential:every=600"
    assert fast.schedule == "exponential"  # by half every 100 steps
    assert argument(sigmoid, "activation") == "sigmoid"
    assert {plain.seed, fast.seed} == {10}


def test_rates_are_chosen_without_the_test_set_by_other_seeds(tmp_path):
    for kind in (Convergence, Training, Sigmoid, Divergence):
        jobs = finished(kind(), tmp_path / kind.name(), EXPERIMENTS[kind][0]).found.jobs
        on_test = {run.seed for run in jobs if "evaluate_on=validation" not in run.data}
        on_validation = {run.seed for run in jobs if "evaluate_on=validation" in run.data}
        assert (on_test, on_validation) == ({*range(10, 19)}, {100, 101, 102})


def test_each_arm_of_figure_1_has_its_own_rate_and_inputs_are_compared_at_one(tmp_path):
    def rule(run: Run) -> Outcome:
        slow = run.normalizer != "none" and run.learning_rate != 0.3
        return trained(run, 0.2, 0.4) if slow else for_figure1(run)

    done = finished(Training(rates=(0.3, 1.0)), tmp_path, rule).found
    assert [done[name][0].run.learning_rate for name in list(done)[-3:]] == [1.0, 0.3, 1.0]


def test_the_working_rate_is_below_the_first_that_fails(tmp_path):
    verdicts = {0.1: "alive", 0.2: "untrained", 0.5: "alive"}

    def rule(run: Run) -> Outcome:
        return trained(run, 0.5, verdict=verdicts.get(run.learning_rate, "blew up"))

    experiment = Divergence(rates=(0.5, 0.1, 0.2))
    assert experiment.working(found(experiment, tmp_path / "a", rule)) == 0.1
    verdicts[0.1] = "blew up"
    none = found(experiment, tmp_path / "b", rule)
    assert experiment.working(none) is None
    assert [*experiment.summary(none)] == [
        "No learning rate of the grid works for the plain network."
    ]


def test_ensembles_share_no_network(tmp_path):
    jobs = finished(Ensemble(), tmp_path, for_ensemble).found.jobs
    assert len({run.seed for run in jobs}) == len(jobs) == 54
    assert {argument(run, "dropout") for run in jobs} == {0.0, 0.05, 0.1}


def test_the_full_network_has_the_papers_settings(tmp_path):
    jobs = finished(ImageNet.at("paper"), tmp_path, for_comparison).found.jobs
    assert [run.learning_rate for run in jobs] == pytest.approx(
        [0.0015, 0.0015, 0.0075, 0.045, 0.0075]
    )
    assert {(run.batch, run.steps) for run in jobs} == {(32, 31_000_000)}
    plain, _, fast, *_ = jobs
    assert (plain.normalizer, fast.normalizer) == ("none", "batch")
    assert (argument(plain, "local_response"), argument(fast, "local_response")) == (True, False)
    assert plain.data == "imagenet2012:distorted=true,reshuffle=false,stream=true"
    assert fast.data == "imagenet2012:stream=true"


def test_the_switches_of_the_full_network():
    options = {"shuffle": False, "less_distortion": False, "synchronized": True, "replicas": True}
    groups = next(ImageNet.at("paper", options).plan())
    runs = [run for group in groups.values() for run in group]
    assert {run.data for run in runs} == {"imagenet2012:distorted=true,reshuffle=false,stream=true"}
    assert {run.normalizer for run in runs} == {"none", "batch:synchronized=true"}
    alone = next(ImageNet.at("paper", {**options, "replicas": False}).plan())
    keys = [run.key for group in alone.values() for run in group]
    assert [run.key for run in runs] == keys, "how a run is trained is not part of its key"


def test_random_images_are_judged_by_nothing(tmp_path):
    text = page(ImageNet(), tmp_path, lambda run: trained(run, 0.0, 0.0, 0.0, verdict="untrained"))
    assert "5 networks were trained on random images" in text
    assert "reproduced" not in text
    paper = page(ImageNet.at("paper"), tmp_path / "paper", for_comparison)
    assert "72.2 %" in paper
    assert "no power here" in paper
