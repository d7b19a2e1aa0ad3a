"""Memory runs out: each backend's own error, provoked by an array that no machine can hold."""

from __future__ import annotations

from functools import cache

import keras
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import train, trainer
from keras_norms.lab.training.engines import engine_class
from keras_norms.lab.training.out_of_memory import enough_memory
from tests.lab.training.small import small_run


@cache
def provoked() -> Exception:
    """The backend's own error; TensorFlow waits ten seconds for memory before it raises it."""
    with pytest.raises(Exception) as caught:
        keras.ops.convert_to_numpy(keras.ops.zeros((10**7, 10**8)))
    return caught.value


def too_much(*_: object) -> object:
    raise provoked()


@pytest.mark.full
@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("advance", r"batch=640 needs more memory for a training step than there is: write a sm"),
        ("evaluate", r"model='mlp:.*' needs more memory for 1000 test images at a time than ther"),
    ],
)
def test_a_step_that_does_not_fit(method: str, said: str, monkeypatch: pytest.MonkeyPatch):
    small, large = (small_run(batch=batch, width=4, steps=3) for batch in (32, 640))
    (before,) = train([small])
    with monkeypatch.context() as short:
        short.setattr(engine_class(), method, too_much)
        with pytest.raises(BadInput, match=said) as caught:
            list(train([large]))
    assert "\n" not in str(caught.value)
    trainer._programs.clear()
    assert next(train([small, large])) == before


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
