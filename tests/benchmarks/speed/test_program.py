"""The compiled program against `fit`, small: both sides do the same work."""

from __future__ import annotations

import keras
import pytest

from benchmarks.speed import compiled
from benchmarks.speed.program import CompileOnce
from keras_norms.lab import data
from keras_norms.lab.errors import BadInput
from keras_norms.lab.machine import this_machine
from keras_norms.lab.training import Outcome, Run
from tests.benchmarks.made_up import page


@pytest.mark.full
def test_both_sides_take_every_step(monkeypatch: pytest.MonkeyPatch):
    """Counted where each side trains: a ratio means nothing if one of them does less."""
    model = "mlp:depth=1,width=4"
    runs = [Run(model=model, learning_rate=rate, steps=40) for rate in (0.01, 0.1)]
    images = data.load("digits")

    fitted, fit = [], keras.Model.fit
    monkeypatch.setattr(
        keras.Model,
        "fit",
        lambda model, *args, **options: fitted.append((model, fit(model, *args, **options))),
    )
    compiled.with_fit(runs, images)
    assert [int(model.optimizer.iterations.numpy()) for model, _ in fitted] == [40, 40]
    rates = [float(model.optimizer.learning_rate.numpy()) for model, _ in fitted]
    assert rates == pytest.approx([0.01, 0.1])

    trained, loop = [], compiled.Loop

    class Noted(loop):
        def outcome(self) -> Outcome:
            trained.append(super().outcome())
            return trained[-1]

    monkeypatch.setattr(compiled, "Loop", Noted)
    compiled.with_program(runs, images)
    assert [outcome.run for outcome in trained] == runs
    assert [outcome.final("step") for outcome in trained] == [40, 40]


def test_a_run_that_blows_up_is_no_fair_comparison():
    run = Run(model="mlp:depth=1,width=4", learning_rate=1e6, steps=40)
    with pytest.raises(BadInput, match="no fair comparison"):
        compiled.with_program([run], data.load("digits"))


@pytest.mark.full
def test_a_repeat_measures_both_sides():
    sizes = {"model": "mlp:depth=1,width=4", "rates": 1, "batch": 64, "steps": 20}
    found = compiled.pair(**sizes, machine=this_machine(), seed=11)
    assert found.keys() == {"fit", "program"}
    assert min(found.values()) > 0


@pytest.mark.once
def test_the_ratio_is_paired_by_repeat(tmp_path):
    experiment = CompileOnce(backend="jax", machine="cpu")
    text = page(experiment, tmp_path, lambda job: {"fit": 4.0 * job.seed, "program": job.seed})
    assert "0.25 [0.25, 0.25] of the CPU time of `fit`" in text


@pytest.mark.once
@pytest.mark.parametrize("steps", [0, 30])
def test_steps_that_are_no_whole_epochs(steps: int):
    with pytest.raises(BadInput, match="steps"):
        CompileOnce(steps=steps)
