"""What is computed without training: that it holds, and that it can fail."""

from __future__ import annotations

import csv
from functools import partial

import numpy as np
import pytest

from benchmarks.ioffe2015 import descent, equations, population
from benchmarks.ioffe2015.algorithm1_exact import CHECKS, Exact
from benchmarks.ioffe2015.figure5_architecture import HALVING, PRINTED, Architecture
from benchmarks.ioffe2015.section2_bias import RATE, Bias
from keras_norms.layers import BatchNormalization
from tests.benchmarks.made_up import finished, found, page

ON_ROWS = ("forward", "backward", "convolution", "scale_invariance")


def failing(name: str) -> list[str]:
    """What of a check is beyond its limit."""
    errors, measured = getattr(equations, name)(), CHECKS[f"equations.{name}"][2]
    return [key for key, (_, limit) in measured.items() if not errors[key] <= limit]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(equations, "BATCHES", (2, 5))
    monkeypatch.setattr(equations, "EPSILONS", (0.0, 1e-3))


@pytest.mark.parametrize("name", ON_ROWS)
def test_the_layer_holds(name, small):
    assert failing(name) == []


@pytest.mark.once
@pytest.mark.parametrize(("name", "count"), [("forward", 2), ("backward", 3)])
def test_another_epsilon_fails(name, count, small, monkeypatch):
    right = equations.layer
    monkeypatch.setattr(equations, "layer", lambda epsilon=1e-3: right(epsilon + 1e-4))
    assert len(failing(name)) >= count


@pytest.mark.once
def test_scale_invariance_fails_with_an_epsilon(monkeypatch):
    right = equations.layer
    monkeypatch.setattr(equations, "layer", lambda epsilon: right(1e-3))
    assert failing("scale_invariance") == ["y", "du", "dw"]


@pytest.mark.once
def test_a_layer_without_the_statistics_gradient_is_not_the_papers(small, monkeypatch):
    ignorant = partial(BatchNormalization, statistics_gradient=False, dtype="float64")
    monkeypatch.setattr(equations, "layer", lambda epsilon=1e-3: ignorant(epsilon=epsilon))
    monkeypatch.setattr(equations, "FACTOR", 1.0)
    monkeypatch.setattr(equations, "SHIFT", 0.0)
    assert "closed form" in failing("backward")


@pytest.mark.once
def test_statistics_that_layers_remember():
    unbiased, biased, moving = population.statistics(4, 200, 0)
    assert unbiased.shape == biased.shape == moving.shape == (960,)
    np.testing.assert_allclose(biased, 0.75 * unbiased, rtol=1e-5)
    assert unbiased.mean() == pytest.approx(4, rel=0.02)
    assert moving.mean() == pytest.approx(3, rel=0.05)
    assert population.folded()["affine"] <= 1e-6


def test_the_bias_grows_or_stays(tmp_path):
    experiment, done = Bias(steps=20), {}
    for gradient in (False, True):
        done[gradient] = descent.descend(statistics_gradient=gradient, rate=RATE, steps=20)
    told = found(experiment, tmp_path / "a", lambda job: done[job.arguments["statistics_gradient"]])
    assert [claim.verdict for claim in experiment.claims(told)] == ["reproduced"] * 3
    other = found(
        experiment, tmp_path / "b", lambda job: done[not job.arguments["statistics_gradient"]]
    )
    # The loss is constant both ways.
    verdicts = [claim.verdict for claim in experiment.claims(other)]
    assert verdicts == ["reproduced", "not reproduced", "not reproduced"]


def errors_of(job, error: float):
    name = job.function.removeprefix("benchmarks.ioffe2015.")
    keys = CHECKS[name][2] if name in CHECKS else ("unbiased", "biased", "keras")
    return dict.fromkeys(keys, error)


@pytest.mark.once
@pytest.mark.parametrize(("error", "verdict"), [(0.0, "reproduced"), (1e300, "not reproduced")])
def test_every_error_is_judged(tmp_path, error, verdict):
    page(Exact(), tmp_path, lambda job: errors_of(job, error))
    with (tmp_path / "claims.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert {row["verdict"] for row in rows} == {verdict}
    assert len(rows) == sum(len(measured) for *_, measured in CHECKS.values()) + 3
    assert {(row["seeds"], row["coverage"]) for row in rows} == {("1", "1.0"), ("9", "0.9609")}


@pytest.mark.once
def test_identities_are_computed_once_and_averages_a_seed(tmp_path):
    jobs = finished(Exact(seeds=2), tmp_path, lambda job: errors_of(job, 0.0)).found.jobs
    assert [job.seed for job in jobs] == [None] * len(CHECKS) + [10, 11]


@pytest.mark.once
def test_the_network_beside_the_table(tmp_path):
    shapes = PRINTED | HALVING

    def built(job):
        printed = job.arguments["channels"] == "sums"
        other = {} if printed else {"module_4c": "14×14×608"}
        return {"shapes": shapes | other, "parameters": 1 if printed else 13_000_000}

    text = page(Architecture(), tmp_path, built)
    assert "13,000,000 (608, -4%)" in text
    with (tmp_path / "claims.csv").open() as file:
        told = [(row["ours"], row["verdict"]) for row in csv.DictReader(file)]
    assert [verdict for _, verdict in told] == [
        "reproduced",
        "not reproduced",
        "not reproduced",
        "reproduced",
    ]
    assert [float(value) for value, _ in told[1::2]] == [1, 0]
