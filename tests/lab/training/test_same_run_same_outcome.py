"""A run's outcome is a function of the run: bit for bit, whatever happens around it."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_norms.lab.training import Outcome, Run, loop, train
from keras_norms.lab.training.program import Program
from tests.lab.training.small import small_data, small_run, train_on

DENSE = {"normalizer": "batch:momentum=0.9", "dropout": 0.4, "momentum": 0.9, "seed": 3}
CONVOLUTIONAL = {**DENSE, "model": "inception", "depth": 1, "width": 4}
KINDS = {"mlp": (DENSE, 3), "inception": (CONVOLUTIONAL, 8)}


@pytest.fixture(params=KINDS, scope="module")
def trained(request: pytest.FixtureRequest) -> tuple[Program, Outcome]:
    fields, size = KINDS[request.param]
    program = Program(run := small_run(**fields, evaluate_every=3), small_data(size))
    return program, train_on(program, run)


def but(outcome: Outcome, **fields: object) -> Run:
    return dataclasses.replace(outcome.run, **fields)


def test_again(trained: tuple[Program, Outcome]):
    program, first = trained
    assert train_on(program, first.run) == first


def test_after_other_runs(trained: tuple[Program, Outcome]):
    program, first = trained
    others = [{"seed": 4}, {"learning_rate": 1e30}, {"schedule": "exponential:decay=0.1,every=2"}]
    curves = [train_on(program, but(first, **fields)).curve for fields in others]
    assert first.curve not in curves
    assert train_on(program, first.run) == first


def test_in_a_program_compiled_for_another_run(trained: tuple[Program, Outcome]):
    program, first = trained
    other = Program(but(first, seed=99, learning_rate=5.0, steps=2), program.data)
    assert train_on(other, first.run) == first


def test_among_disturbers_of_every_random_state(trained: tuple[Program, Outcome]):
    program, first = trained

    def disturb(run: Run, step: int) -> None:
        keras.utils.set_random_seed(step)

    assert train_on(program, first.run, disturb) == first


def test_in_single_steps(trained: tuple[Program, Outcome], monkeypatch: pytest.MonkeyPatch):
    """How many steps go into one call depends on the clock, so it must not matter."""
    program, first = trained
    calls: list[int] = []
    monkeypatch.setattr(loop, "PATIENCE", 0.0)
    assert train_on(program, first.run, lambda run, step: calls.append(step)) == first
    assert calls == list(range(1, 9))


@pytest.mark.parametrize("every", [0, 1, 5])
def test_evaluations_do_not_disturb_training(trained: tuple[Program, Outcome], every: int):
    program, first = trained
    other = train_on(program, but(first, evaluate_every=every))
    assert other.final("test_loss") == first.final("test_loss")
    assert _sum(other) == pytest.approx(_sum(first), rel=1e-9)


def _sum(outcome: Outcome) -> float:
    """Of all training losses, back from their means."""
    lengths = np.diff([0, *outcome.curve["step"]])
    return float(np.dot(lengths, outcome.curve["train_loss"]))


def test_more_steps_begin_with_the_same(trained: tuple[Program, Outcome]):
    program, first = trained
    longer = train_on(program, but(first, steps=13))
    assert longer.curve["train_loss"][:2] == first.curve["train_loss"][:2]
    assert longer.curve["test_loss"][:2] == first.curve["test_loss"][:2]


def test_after_a_stop_in_the_middle(trained: tuple[Program, Outcome]):
    program, first = trained

    def stop(run: Run, step: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_on(program, first.run, stop)
    assert train_on(program, first.run) == first


def test_random_states_of_the_caller_are_left_alone():
    random.seed(1)
    before = _random_states()
    run = small_run(**DENSE, steps=3)
    train_on(Program(run, small_data()), run)
    assert _random_states() == before


def _random_states() -> list[object]:
    states = [random.getstate(), *map(str, np.random.get_state())]  # noqa: NPY002
    if keras.config.backend() == "torch":
        import torch

        states.append(torch.get_rng_state().tolist())
    return states


def test_in_another_process():
    run = small_run(depth=1, width=8, batch=32, **DENSE)
    (here,) = train([run])
    script = (
        "import json, sys\n"
        "from keras_norms.lab.training import Run, train\n"
        "(outcome,) = train([Run.from_dict(json.loads(sys.argv[1]))])\n"
        "print(json.dumps(outcome.parts()))"
    )
    environment = os.environ | {"KERAS_BACKEND": run.backend, "PYTHONHASHSEED": "5"}
    command = [sys.executable, "-c", script, json.dumps(run.as_dict())]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.read(json.loads(said.stdout.splitlines()[-1])) == here
