"""The speed benchmark of the compiled program, small."""

from __future__ import annotations

import keras
import pytest

from benchmarks.speed import program
from keras_norms.lab import data
from keras_norms.lab.training import Outcome, Run

SMALL = ["--repeats", "2", "--rates", "2", "--depth", "1", "--width", "4", "--steps", "20"]


def test_both_sides_take_every_step(monkeypatch: pytest.MonkeyPatch):
    """Counted where each side trains: a ratio means nothing if one of them does less."""
    runs = [Run(depth=1, width=4, learning_rate=rate, steps=40) for rate in (0.01, 0.1)]
    images = data.load("digits")

    fitted, fit = [], keras.Model.fit
    monkeypatch.setattr(
        keras.Model,
        "fit",
        lambda model, *args, **options: fitted.append((model, fit(model, *args, **options))),
    )
    program.with_fit(runs, images)
    assert [int(model.optimizer.iterations.numpy()) for model, _ in fitted] == [40, 40]
    rates = [float(model.optimizer.learning_rate.numpy()) for model, _ in fitted]
    assert rates == pytest.approx([0.01, 0.1])

    trained, train = [], program.Program.train

    def noted(self: program.Program, run: Run) -> Outcome:
        trained.append(train(self, run))
        return trained[-1]

    monkeypatch.setattr(program.Program, "train", noted)
    program.with_program(runs, images)
    assert [outcome.run for outcome in trained] == runs
    assert [outcome.final("step") for outcome in trained] == [40, 40]


def test_the_table_and_the_ratio_agree(capsys: pytest.CaptureFixture):
    program.main(SMALL)
    *_, first, second, last = capsys.readouterr().out.splitlines()
    ratios = []
    for line in (first, second):
        _, fit, compiled, ratio = (float(cell) for cell in line.strip("|").split("|"))
        assert ratio == pytest.approx(compiled / fit, rel=0.02)  # of rounded seconds
        ratios.append(ratio)
    assert float(last.split()[-1]) == pytest.approx(sum(ratios) / 2, abs=2e-3)


@pytest.mark.once
@pytest.mark.parametrize("steps", ["0", "30"])
def test_steps_that_are_no_whole_epochs(steps: str, capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as stopped:
        program.main(["--steps", steps])
    assert stopped.value.code == 2
    assert f"--steps {steps}" in capsys.readouterr().err
