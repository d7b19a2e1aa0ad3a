"""Runs that diverge: a verdict, the step, and an early end."""

from __future__ import annotations

import dataclasses
import math

import keras
import numpy as np
import pytest

from keras_norms.lab.data import ImageData
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Outcome, Run, loop
from keras_norms.lab.training.initialization import build
from keras_norms.lab.training.program import Program
from tests.lab.training.small import CLASSES, small_data, small_run, train_on

# Without bends to die at, its weights grow for a few steps before the loss passes the limit.
GROWING = {"activation": "linear", "depth": 3, "learning_rate": 0.5, "steps": 400}


@pytest.fixture(scope="module")
def program() -> Program:
    return Program(small_run(), small_data())


@pytest.fixture(scope="module")
def growing() -> Program:
    return Program(small_run(**GROWING), small_data())


def followed(program: Program, run: Run) -> tuple[Outcome, list[int]]:
    calls: list[int] = []
    outcome = train_on(program, run, lambda of, step: calls.append(step))
    return outcome, calls


@pytest.mark.parametrize("seed", range(3))
def test_it_ends_at_the_first_loss_above_the_limit(growing: Program, seed: int):
    """Seen from outside: evaluated at every step, so that each loss is in the curve."""
    run = small_run(**GROWING, evaluate_every=1, seed=seed)
    outcome, calls = followed(growing, run)
    losses = np.array(outcome.curve["train_loss"])
    limit = 10 * max(losses[0], math.log(CLASSES))
    assert outcome.verdict is Verdict.BLEW_UP
    assert (losses[:-1] <= limit).all()
    assert not losses[-1] <= limit
    assert 0 < outcome.blew_up_at == len(losses) - 1 < 399
    assert outcome.final("step") == outcome.blew_up_at + 1
    assert max(calls) == outcome.blew_up_at + 1  # and not a step was done after it


def test_it_ends_there_whatever_the_chunks_and_evaluations(
    growing: Program, monkeypatch: pytest.MonkeyPatch
):
    run = small_run(**GROWING)
    first, calls = followed(growing, run)
    assert len(calls) == 2  # the first step, and one call that ends itself
    assert calls[-1] == first.blew_up_at + 1
    monkeypatch.setattr(loop, "PATIENCE", 0.0)
    single, _ = followed(growing, run)
    assert single == first
    often, _ = followed(growing, small_run(**GROWING, evaluate_every=1))
    assert often.blew_up_at == first.blew_up_at


def test_its_last_point_is_at_the_blow_up(growing: Program):
    outcome, _ = followed(growing, small_run(**GROWING, evaluate_every=2))
    steps = outcome.curve["step"]
    assert outcome.verdict is Verdict.BLEW_UP
    assert list(steps[:-1]) == list(range(2, outcome.blew_up_at + 1, 2))
    assert steps[-1] == outcome.blew_up_at + 1
    assert all(map(math.isfinite, outcome.curve["train_accuracy"] + outcome.curve["test_accuracy"]))
    assert all(map(math.isfinite, outcome.curve["test_loss"][:-1]))


def test_after_the_first_update(program: Program):
    outcome, calls = followed(program, small_run(learning_rate=1e30, steps=400))
    assert (outcome.verdict, outcome.blew_up_at) == (Verdict.BLEW_UP, 1)
    assert calls[-1] == 2


def test_by_the_last_update(program: Program):
    """No training step is left to show it, but the evaluation does."""
    outcome, _ = followed(program, small_run(learning_rate=1e30, steps=1))
    assert (outcome.verdict, outcome.blew_up_at) == (Verdict.BLEW_UP, 1)
    assert outcome.curve["step"] == (1,)
    assert math.isfinite(outcome.final("train_loss"))


def test_at_the_first_step():
    """Images so large that the first loss is not finite."""
    data = small_data()
    huge: ImageData = dataclasses.replace(data, x_train=np.sign(data.x_train) * np.float32(3e38))
    outcome, calls = followed(Program(small_run(), huge), small_run(steps=400))
    assert (outcome.verdict, outcome.blew_up_at) == (Verdict.DEAD, 0)
    assert calls == [1]
    assert outcome.curve["step"] == (1,)
    assert not math.isfinite(outcome.final("train_loss"))


def test_others_are_untouched_by_it(program: Program):
    fine = train_on(program, small_run(steps=60))
    assert fine.verdict.trained
    assert fine.blew_up_at is None
    assert train_on(program, small_run(learning_rate=1e30)).verdict is Verdict.BLEW_UP
    assert train_on(program, small_run(steps=60)) == fine


def test_too_small_a_rate_is_untrained():
    """Labelled as what the first weights take for least likely, and never moved from there."""
    data, run = small_data(), small_run(learning_rate=1e-9, steps=60, activation="tanh")
    logits = keras.ops.convert_to_numpy(build(run, data, run.seed)(data.x_train))
    wrong = dataclasses.replace(data, y_train=logits.argmin(1).astype(np.int32))
    outcome = train_on(Program(run, wrong), run)
    assert outcome.verdict is Verdict.UNTRAINED
    assert outcome.final("train_accuracy") == 0
    assert outcome.final("step") == 60
