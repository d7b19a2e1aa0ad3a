"""What each normalizer costs: clocks that take turns, steps that are right, a table."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from benchmarks.speed.clock import interleaved
from benchmarks.speed.family import FamilyCost
from benchmarks.speed.family_sides import seconds
from benchmarks.speed.passes import backward, forward
from keras_norms.lab.errors import BadInput
from keras_norms.lab.machine import this_machine
from tests.benchmarks.made_up import page
from tests.gradients import array


def test_sides_take_turns():
    called = []
    sides = {name: lambda name=name: called.append(name) for name in "ab"}
    found = interleaved(sides, rounds=4, least=0.0)
    assert {name: len(values) for name, values in found.items()} == {"a": 4, "b": 4}
    assert called[-8:] == ["b", "a", "a", "b", "b", "a", "a", "b"]


def test_steps_give_outputs_and_all_gradients():
    layer = keras.layers.Dense(3)
    x, dy = np.ones((4, 2), "float32"), np.ones((4, 3), "float32")
    layer.build(x.shape)
    x, dy = (keras.ops.convert_to_tensor(value) for value in (x, dy))
    for step in backward(layer, weights=True).values():
        y, dx, dkernel, dbias = map(array, step(x, dy))
        np.testing.assert_allclose(y, array(layer(x)), atol=1e-6)
        np.testing.assert_allclose(dx, array(dy) @ array(layer.kernel.value).T, atol=1e-6)
        np.testing.assert_allclose(dkernel, np.full((2, 3), 4.0))
        np.testing.assert_allclose(dbias, np.full(3, 4.0))
    for step in forward(layer).values():
        y = step(x)
        np.testing.assert_allclose(array(y[0] if isinstance(y, tuple) else y), array(layer(x)))


@pytest.mark.full
def test_units_are_timed_in_turns():
    specs, mode = {"none": "none", "ws": "ws+group:8"}, list(backward(keras.layers.ReLU()))[-1]
    given = {"specs": specs, "shape": "2x4x4x8", "mode": mode, "rounds": 2}
    found = seconds(**given, machine=this_machine())["seconds"]
    assert {name: len(values) for name, values in found.items()} == {"none": 2, "ws": 2}


def test_another_machine_is_refused():
    with pytest.raises(BadInput, match="machine='abacus'"):
        seconds(specs={}, shape="2x8", mode="jit", rounds=1, machine="abacus")


@pytest.mark.once
def test_a_cost_is_what_is_added_over_what_batch_normalization_adds(tmp_path):
    """Units of 1, 2 and 4 seconds: the last adds three times as much."""
    costs = {"none": 1.0, "batch": 2.0, "layer": 4.0, "batch again": 2.0}

    def made_up(job):
        return {"seconds": {name: [costs[name]] * 6 for name in job.arguments["specs"]}}

    experiment = FamilyCost(names=("layer",), backend="jax", machine="cpu")
    text = page(experiment, tmp_path, made_up)
    (line,) = [line for line in text.splitlines() if line.startswith("| layer")]
    assert "3.00 [3.00, 3.00]" in line
    assert "the control is 1.00" in text
