"""Learning rates against their closed forms."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.schedules import factor, learning_rates

pytestmark = pytest.mark.once


def test_constant():
    rates = learning_rates("constant", 0.3, 5)
    np.testing.assert_array_equal(rates, np.full(5, 0.3, np.float32))
    assert rates.dtype == np.float32


@pytest.mark.parametrize("text", ["decay=0.5,every=10", "every=10,decay=0.5", "decay=.5,every=1e1"])
def test_exponential_halves_every_ten_steps(text: str):
    rates = learning_rates(f"exponential:{text}", 8.0, 31)
    np.testing.assert_allclose(rates[[0, 10, 20, 30]], [8, 4, 2, 1], rtol=1e-6)
    np.testing.assert_allclose(rates[1:] / rates[:-1], 0.5**0.1, rtol=1e-6)


def test_a_step_knows_nothing_of_how_many_there_are():
    schedule = "exponential:decay=0.9,every=3"
    np.testing.assert_array_equal(
        learning_rates(schedule, 1, 9)[:4], learning_rates(schedule, 1, 4)
    )


STEPS = 40
STEP = np.arange(STEPS)
CLOSED = {
    "warmup:steps=8": np.minimum(1, (STEP + 1) / 8),
    "warmup:steps=0.1": np.minimum(1, (STEP + 1) / 4),
    "piecewise": np.repeat([1, 0.1, 0.01], [20, 10, 10]),
    "piecewise:at=(7,0.5),factor=0.5": np.repeat([1, 0.5, 0.25], [7, 13, 20]),
    "piecewise:at=30": np.repeat([1, 0.1], [30, 10]),
    "cosine": np.cos(np.pi * STEP / STEPS / 2) ** 2,
    "cosine:floor=0.2": 0.2 + 0.8 * np.cos(np.pi * STEP / STEPS / 2) ** 2,
    "warmup:steps=8+cosine+exponential:decay=0.5,every=10": np.minimum(1, (STEP + 1) / 8)
    * np.cos(np.pi * STEP / STEPS / 2) ** 2
    * 0.5 ** (STEP / 10),
}


@pytest.mark.parametrize("schedule", CLOSED)
def test_the_others(schedule: str):
    rates = learning_rates(schedule, 3.0, STEPS)
    np.testing.assert_allclose(rates, 3 * CLOSED[schedule], rtol=1e-6)


@pytest.mark.parametrize("schedule", CLOSED)
def test_a_stream_has_the_same_in_the_backend(schedule: str):
    step = keras.ops.arange(STEPS, dtype="float32")
    found = keras.ops.convert_to_numpy(factor(keras.ops, schedule, step, STEPS))
    np.testing.assert_allclose(found, CLOSED[schedule], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("", "its end is no name"),
        ("step", "unknown name 'step'"),
        ("constant:1", "no arguments"),
        ("exponential:decay=0.5,every=x", "every='x' must be a positive number"),
        ("exponential:decay=0.5,every=3,start=2", "unknown argument 'start'"),
        *((f"exponential:decay={value}", "decay=.* must be a number in") for value in (0, 1.1)),
        *((f"exponential:every={value}", "every=.* must be a positive") for value in (0, -1)),
        ("warmup:steps=0", "steps=0 must be a positive number"),
        ("piecewise:at=()", "at=.* has no step"),
        ("piecewise:factor=2", "factor=2 must be a number in"),
        ("cosine:floor=1", "floor=1 must be a number in"),
    ],
)  # fmt: skip
def test_schedules_that_cannot_be(schedule: str, said: str):
    with pytest.raises(BadInput, match=said) as caught:
        learning_rates(schedule, 1.0, 3)
    assert f"Invalid schedule={schedule!r}" in str(caught.value)
