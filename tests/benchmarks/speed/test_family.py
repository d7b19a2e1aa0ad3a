"""What each normalizer costs: clocks that take turns, steps that are right, a table."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd

from benchmarks.speed import family
from benchmarks.speed.clock import interleaved
from benchmarks.speed.steps import backward, forward
from tests.gradients import array


def test_sides_take_turns():
    called = []
    sides = {name: lambda name=name: called.append(name) for name in "ab"}
    frame = interleaved(sides, rounds=4, least=0.0)
    assert list(frame.columns) == ["a", "b"]
    assert len(frame) == 4
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


def test_the_table(tmp_path, capsys):
    arguments = ["--names", "layer", "ws", "--shape", "4", "4", "4", "8", "--rounds", "2"]
    family.main([*arguments, "--out", str(tmp_path)])
    (written,) = tmp_path.glob("*.csv")
    frame = pd.read_csv(written)
    assert set(frame["normalizer"]) == {"batch", "layer", "ws", family.CONTROL}
    assert frame.set_index("normalizer")["over batch"]["batch"] == 1
    assert "over batch" in capsys.readouterr().out
