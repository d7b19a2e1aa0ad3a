"""Memory runs out: each backend's own error, provoked by an array that no machine can hold."""

from __future__ import annotations

import keras
import pytest
from optuna.trial import TrialState

from keras_norms.lab import training
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run
from keras_norms.lab.training.engines import engine_class
from keras_norms.lab.training.out_of_memory import enough_memory
from keras_norms.lab.trials import finished, open_study, run_trials


def run(**fields: object) -> Run:
    return Run(**{"depth": 1, "width": 4, "batch": 32, "steps": 3, "learning_rate": 0.1} | fields)


def too_much(*_: object) -> object:
    return keras.ops.convert_to_numpy(keras.ops.zeros((10**7, 10**8)))


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("advance", r"batch=640 needs more memory for a training step than there is: write a sm"),
        ("evaluate", r"width=4 needs more memory for 1000 test images at a time than there is: wr"),
    ],
)
def test_a_step_that_does_not_fit(method: str, said: str, tmp_path, monkeypatch):
    """The trial is told FAIL, those before it are kept, and the same command goes on after them."""
    study = open_study("a", tmp_path / "trials.log")
    before = run_trials(study, [run()])
    training._program.cache_clear()
    with monkeypatch.context() as short:
        short.setattr(engine_class(), method, too_much)
        with pytest.raises(BadInput, match=said) as caught:
            run_trials(study, [run(), run(batch=640)])
    assert "\n" not in str(caught.value)
    assert [t.state for t in study.get_trials()] == [TrialState.COMPLETE, TrialState.FAIL]
    assert run_trials(study, [run(), run(batch=640)])[:1] == before
    assert len(finished(study)) == 2


class OutOfMemoryError(RuntimeError):
    pass


@pytest.mark.once
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("CUDA: tried to allocate 2 GiB"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.\nPeak:"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
)
def test_what_backends_say(error: Exception):
    with (
        pytest.raises(BadInput, match=r"batch=8 .* write a smaller one \(.+\)$"),
        enough_memory("batch", 8, "a step"),
    ):
        raise error


@pytest.mark.once
def test_other_errors_are_left_alone():
    with pytest.raises(ZeroDivisionError), enough_memory("batch", 8, "a step"):
        raise ZeroDivisionError("memory of a division")
