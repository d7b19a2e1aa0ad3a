from __future__ import annotations

import functools

import pandas as pd
import pytest
from benchmarks.ioffe2015.arms import ARMS, CONTROLS, PLAIN, X5, X30
from benchmarks.ioffe2015.convergence import Settings

from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import convergence
from keras_norms.lab import trials
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Outcome, Run
from tests.lab.pretending import Pretended, outcome

pytestmark = pytest.mark.once

COMMAND = [
    "run",
    "ioffe2015.convergence",
    "--seeds",
    "3",
    "--steps",
    "100",
    "--rates",
    "0.01",
    "0.1",
    "1",
]


def as_in_the_paper(run: Run) -> Outcome:
    """Plain: best at 0.1, diverges at 0.5, chance with sigmoids. Normalized: faster and higher."""
    if run.normalizer == "none":
        if run.activation == "sigmoid":
            return outcome(run, Verdict.UNTRAINED, (0.1,) * 10)
        if run.learning_rate > 0.3:
            return outcome(run, Verdict.BLEW_UP, (0.1,))
        best = 0.7 if run.learning_rate == 0.1 else 0.5
        return outcome(run, Verdict.ALIVE, tuple(best * k / 10 for k in range(1, 11)))
    speed = 2 if run.learning_rate < 0.3 else 5
    high = {3.0: 0.8}.get(run.learning_rate, 0.75)
    high = 0.65 if run.activation == "sigmoid" else high
    return outcome(
        run, Verdict.ALIVE, tuple(min(high, high * speed * k / 10) for k in range(1, 11))
    )


@pytest.fixture
def train(monkeypatch) -> Pretended:
    train = Pretended(rule=as_in_the_paper)
    monkeypatch.setattr(
        convergence, "run_trials", functools.partial(trials.run_trials, train=train)
    )
    return train


def test_the_arms_differ_as_the_paper_says():
    settings = Settings(seeds=1, steps=600)
    (plain,), (fast,), (faster,) = (settings.runs(arm, 0.1) for arm in (PLAIN, X5, X30))
    assert (plain.learning_rate, fast.learning_rate, faster.learning_rate) == (0.1, 0.5, 3.0)
    assert (plain.dropout, fast.dropout) == (0.4, 0.0)
    assert plain.l2 / fast.l2 == pytest.approx(5)
    assert plain.schedule == "exponential:decay=0.5,every=600"
    assert fast.schedule == "exponential:decay=0.5,every=100"
    assert (plain.batch, plain.model) == (32, "inception")


def test_the_arms_take_the_rate_that_the_sweep_found(train, tmp_path):
    assert BENCHMARKS.main([*COMMAND, "--out", str(tmp_path)]) == 0
    assert len(train.trained) == 3 * 3 + 3 * (
        len(ARMS) - 1 + len(CONTROLS)
    )  # plain is of the sweep
    rates = {(run.normalizer, run.activation, run.learning_rate) for run in train.trained}
    batch = "batch:momentum=0.9"
    assert {(batch, "relu", 0.1), (batch, "relu", 0.5), (batch, "relu", 3.0)} <= rates
    assert {(batch, "sigmoid", 0.5), ("none", "relu", 0.5), ("none", "sigmoid", 0.1)} <= rates


def test_the_page_has_ours_beside_the_papers(train, tmp_path):
    BENCHMARKS.main([*COMMAND, "--out", str(tmp_path)])
    arms = pd.read_csv(tmp_path / "tables" / "ioffe2015-digits-arms.csv").groupby("network")
    assert arms.steps.median()[["Inception", "BN-Baseline", "BN-x5"]].tolist() == [100, 50, 20]
    assert arms.speedup.median()["BN-x5"] == 5
    assert arms.speedup.median()["BN-x5-Sigmoid"] == 0
    page = (tmp_path / "tables" / "ioffe2015-digits-arms.md").read_text()
    for of_the_paper in ("31.0M", "14.8", "74.8 %", "69.8 %"):
        assert of_the_paper in page
    claims = pd.read_csv(tmp_path / "tables" / "ioffe2015-digits-claims.csv")
    assert claims.verdict.tolist() == ["reproduced"] * 7
    assert (tmp_path / "figures" / "ioffe2015-digits.png").exists()
    assert (tmp_path / "ioffe2015.convergence.html").read_text().count("<img") == 1


def test_a_comparison_that_was_stopped_is_reported_as_far_as_it_got(train, tmp_path, capsys):
    def interrupted(run):
        if len(train.trained) == stop:
            raise KeyboardInterrupt

    train.before, stop = interrupted, 4
    assert BENCHMARKS.main([*COMMAND, "--out", str(tmp_path)]) == 130
    assert BENCHMARKS.main(["report", "--out", str(tmp_path)]) == 0
    assert "The sweep of the plain arm is not done." in capsys.readouterr().out
    stop = 16
    assert BENCHMARKS.main([*COMMAND, "--out", str(tmp_path)]) == 130
    assert BENCHMARKS.main(["report", "--out", str(tmp_path)]) == 0
    arms = pd.read_csv(tmp_path / "tables" / "ioffe2015-digits-arms.csv")
    assert set(arms.network) == {"Inception", "BN-Baseline", "BN-x5"}


@pytest.mark.parametrize(
    ("field", "value"), [("seeds", 0), ("batch", 0), ("steps", -1), ("rates", (0.1, 0.0))]
)
def test_bad_settings_are_refused_before_anything_runs(field, value):
    with pytest.raises(BadInput, match=rf"={value}|learning_rate=0.0"):
        Settings(**{field: value})
