"""The cells of the speed benchmark: each runs, and its sides do the same work."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from benchmarks.speed import cells, measuring, networks
from benchmarks.speed.cells import BACKWARD, FORWARD, layer_cells, memory_cells, network_cells
from benchmarks.speed.layers import AGAIN, FLOOR, KERAS, NATIVE, OURS, calls, made
from benchmarks.speed.native import Native, has_native
from benchmarks.speed.steps import training
from tests.gradients import array

SHAPES = ("16x2x2x8", "16x8", "16x3x8")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Nets that compile in no time."""
    monkeypatch.setattr(networks, "WIDTH", 8)


@pytest.mark.parametrize("name", cells.normalizers())
def test_every_layer_is_measured_forward_and_backward(name):
    """Precisions and shapes in turn, in the last mode: compiling takes long."""
    turn = list(cells.normalizers()).index(name)
    shape = SHAPES[turn % 3]
    shape = shape if cells.makes_sense(name, shape) else SHAPES[0]
    *_, cell = layer_cells([name], [shape], [cells.DTYPES[turn % 2]], [BACKWARD])
    measured = measuring.measure(cell, 1)
    assert measured.keys() == {"seconds", "first call"}
    for sides in measured.values():
        assert {OURS, AGAIN, FLOOR} <= sides.keys()
        assert all(np.isfinite(values).all() for values in sides.values())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", cells.MAIN)
def test_the_sides_compute_the_same(name, shape):
    """What is compared does one work: outputs agree, forward and at the end of a backward pass."""
    for work in (FORWARD, BACKWARD):
        for cell in layer_cells([name], [shape], ["float32"], [work]):
            if not cells.makes_sense(name, shape):
                continue
            results = {side: call() for side, call in calls(cell).items() if side != FLOOR}
            assert (KERAS in results, NATIVE in results) == (True, has_native(name, cell.mode))
            first = {s: r[0] if isinstance(r, (tuple, list)) else r for s, r in results.items()}
            for side, y in first.items():
                np.testing.assert_allclose(array(y), array(first[OURS]), atol=1e-4, err_msg=side)


def test_half_precision_is_computed_in_and_put_out():
    for name in ("batch", "rms", "weight"):
        cell = next(layer_cells([name], [SHAPES[0]], ["bfloat16"], [FORWARD]))
        for side, call in calls(cell).items():
            result = call()
            y = result[0] if isinstance(result, (tuple, list)) else result
            assert keras.backend.standardize_dtype(y.dtype) == "bfloat16", side
        assert {v.dtype for v in made(cell)[OURS].trainable_variables} == {"float32"}
        assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("name", cells.NETWORKS)
def test_networks_are_trained_with_each_normalizer(name, monkeypatch):
    monkeypatch.setattr(networks, "SPECS", {"none": "none", "batch": "batch"})
    for cell in list(network_cells([name], "2x8x8x3"))[:1]:
        measured = measuring.measure(cell, 1)
        assert list(measured["seconds"]) == list(networks.SPECS)


def test_a_training_step_follows_the_gradient():
    """One step at a rate of 1 against the slope of a dense layer, which is known."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, kernel_initializer="zeros")])
    x, dy = (keras.ops.ones(shape, "float32") for shape in ((4, 2), (4, 3)))
    for step in training(model, rate=1.0).values():
        for value in model.trainable_variables:
            value.assign(keras.ops.zeros(value.shape))
        result = step(x, dy)
        after = result[1] if keras.config.backend() == "jax" else model.trainable_variables
        np.testing.assert_allclose(array(after[0]), np.full((2, 3), -4.0))
        np.testing.assert_allclose(array(after[1]), np.full(3, -4.0))


def test_what_is_kept_for_the_backward_pass():
    found = list(memory_cells(["batch", "ws"], "16x4x4x8", ["conv8"], "2x8x8x3"))
    if keras.config.backend() == "tensorflow":
        assert found == []
        return
    batch, ws, net = (measuring.measure(cell, 1)["MiB"] for cell in found)
    assert {OURS, KERAS, FLOOR} <= batch.keys()
    assert OURS in ws
    assert net["none"][0] > 0
    if keras.config.backend() == "torch":
        assert batch[NATIVE][0] * 2**20 == 16 * 4 * 4 * 8 * 4 + 2 * 8 * 4  # x, mean and rstd
        assert batch[FLOOR] == [0]  # the gradient of a product with constants needs no input


@pytest.mark.once
def test_space_is_needed_by_what_normalizes_over_it():
    assert not cells.makes_sense("instance", "4096x256")
    assert cells.makes_sense("instance", "32x128x512")
    assert cells.makes_sense("batch", "4096x256")


@pytest.mark.once
def test_native_layers_are_named_for_torch_and_graphs_only():
    assert Native("rms").normalizer == "rms"
    assert not has_native("rms", "graph")
    assert not has_native("batch", "XLA")
