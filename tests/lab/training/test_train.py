"""`train`: groups, order, and mistakes."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run, train, trainer
from keras_norms.lab.training.program import Program
from tests.lab.training.small import small_run


def run(**fields: object) -> Run:
    return small_run(**{"depth": 1, "width": 4, "batch": 32, "steps": 3} | fields)


@pytest.mark.full
def test_runs_of_a_program_share_it_and_follow_one_another(monkeypatch: pytest.MonkeyPatch):
    made: list[Run] = []

    class Counted(Program):
        def __init__(self, of: Run, data: object) -> None:
            made.append(of)
            super().__init__(of, data)

    monkeypatch.setattr(trainer, "Program", Counted)
    trainer._programs.clear()
    rates = [run(learning_rate=0.1), run(learning_rate=0.2), run(seed=1), run(steps=2)]
    other = run(width=5)
    outcomes = list(train([rates[0], other, *rates[1:]]))
    assert [outcome.run for outcome in outcomes] == [*rates, other]
    assert len(made) == 2
    assert list(train(rates)) == outcomes[:4]
    assert len(made) == 2
    trainer._programs.clear()


def accuracy(model: keras.Model, data: ImageData) -> dict[str, float]:
    logits = keras.ops.convert_to_numpy(model(data.x_test, training=False))
    return {"accuracy": float(np.mean(logits.argmax(-1) == data.y_test))}


def test_a_probe_sees_the_model_of_each_evaluation_and_changes_nothing():
    given = run(normalizer="batch", steps=6, evaluate_every=2)
    probe = f"@{__name__}.accuracy"
    (plain,), (probed,) = train([given]), train([replace(given, probes=(probe,))])
    assert plain.probed == {}
    assert probed.as_dict() | {"cost": 0} == plain.as_dict() | {"cost": 0}
    rows = probed.probed[probe]
    assert [row["step"] for row in rows] == [2, 4, 6]
    found = [row["accuracy"] for row in rows]
    np.testing.assert_allclose(found, plain.curve["test_accuracy"], atol=1e-6)
    assert list(train([given])) == [plain]


def test_what_a_run_brings_its_bench():
    """The parts that are wanted, and the training as it is without."""
    one, other = f"@{__name__}.accuracy", f"@{__name__}.accuracy:at=(0,3)"
    given = run(steps=5, evaluate_every=5, probes=(one, other))
    steps: list[float] = []
    bench = SimpleNamespace(data_dir=None, checkpoints=None, missing={other})
    bench.on_step = lambda job, share: steps.append(share) if job is given else None
    found = given.do(bench)
    assert [*found] == ["", other]
    assert steps[-1] == 1.0
    assert [row["step"] for row in found[other]["rows"]] == [0, 3]
    bench.missing = {"", one}
    again = given.do(bench)
    assert {**again[""], "cost": 0} == {**found[""], "cost": 0}
    outcome = given.read(json.loads(json.dumps({**again, **found})))
    assert outcome.final("test_accuracy") == pytest.approx(outcome.probed[one][0]["accuracy"])
    assert outcome.losses.shape == (5,)


@pytest.mark.once
def test_outcomes_come_as_they_are_ready():
    outcomes = train([run(), run(learning_rate=0.2)])
    done: list[float] = []
    for outcome in outcomes:
        done.append(outcome.run.learning_rate)
        break
    assert done == [0.1]


@pytest.mark.once
def test_progress_is_told():
    told: list[tuple[Run, int]] = []
    list(train([run(steps=120)], on_step=lambda *step: told.append(step)))
    steps = [step for _, step in told]
    assert {of for of, _ in told} == {run(steps=120)}
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (1, 120)


def test_points_are_told_as_they_are_measured_and_what_is_raised_there_ends_the_run():
    told: list[dict[str, float]] = []

    def look(of: Run, point: dict[str, float]) -> None:
        told.append(point)
        if len(told) > 3:
            raise InterruptedError

    whole = run(steps=3, evaluate_every=1)
    (outcome,) = train([whole], on_point=look)
    assert {name: [point[name] for point in told] for name in told[0]} == {
        name: [*column] for name, column in outcome.curve.items()
    }
    with pytest.raises(InterruptedError):
        list(train([whole], on_point=look))
    assert len(told) == 4
    assert list(train([whole])) == [outcome]  # nothing of the ended run is left


@pytest.mark.once
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"batch": 1401}, "batch=1401: 'digits' has 1400 training examples"),
        ({"model": "resnet", "depth": 8, "normalizer": "group:8"}, "width=4.*group:groups=8"),
        ({"data": "no_such_set"}, "data='no_such_set' is not prepared in data_dir="),
    ],
)
def test_mistakes(fields: dict, said: str, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(BadInput, match=said):
        list(train([run(**fields)], cache_dir=tmp_path))


@pytest.mark.once
def test_a_run_for_another_backend_is_refused_before_the_first_is_trained():
    other = "torch" if keras.config.backend() != "torch" else "jax"
    with pytest.raises(BadInput, match=f"backend='{other}'"):
        next(train([run(), run(backend=other)]))


@pytest.mark.once
def test_the_first_run_bears_the_compilation():
    trainer._programs.clear()
    costs = [outcome.cost for outcome in train([run(), run(seed=1)])]
    assert costs[0].compile_seconds > 0
    assert costs[1].compile_seconds == 0
    assert all(cost.cpu_seconds > 0 and cost.wall_seconds > 0 for cost in costs)


def test_what_is_not_iterated_says_so():
    with pytest.warns(UserWarning, match=r"write list\(train\(runs\)\)"):
        train([small_run()])
