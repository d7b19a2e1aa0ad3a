"""Learning rates against their closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.schedules import learning_rates

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


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "cosine",
        "constant:1",
        "exponential",
        "exponential:decay=0.5",
        "exponential:every=3",
        "exponential:decay=0.5,every=x",
        "exponential:decay=0.5,every=3,start=2",
        "exponential:0.5,3",
    ],
)
def test_unknown_forms(schedule: str):
    with pytest.raises(BadInput) as caught:
        learning_rates(schedule, 1.0, 3)
    assert f"schedule={schedule!r} is unknown" in str(caught.value)
    assert "'constant' or 'exponential:decay=0.5,every=100'" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["decay=0,every=3", "decay=1.1,every=3", "decay=nan,every=3", "decay=0.5,every=0",
     "decay=0.5,every=-1", "decay=0.5,every=nan"],
)  # fmt: skip
def test_values_that_make_no_sense(text: str):
    with pytest.raises(BadInput, match=r"decay must lie in \(0, 1\] and every be positive"):
        learning_rates(f"exponential:{text}", 1.0, 3)
