"""The cells of the speed benchmark: each runs, and its sides do the same work."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from benchmarks.speed import cells, kept, network_sides
from benchmarks.speed.cells import AGAIN, BACKWARD, FLOOR, FORWARD, KERAS, MODES, NATIVE, OURS, Cell
from benchmarks.speed.clock import timed
from benchmarks.speed.layer_sides import calls, made
from benchmarks.speed.native import Native, has_native
from benchmarks.speed.passes import training
from tests.gradients import array

SHAPES = ("16x2x2x8", "16x8", "16x3x8")
# Each takes a mean or a variance over the positions of one channel of one example.
SPATIAL = [
    "evonorm_b0", "evonorm_b1", "evonorm_b2", "filter_response", "global_response", "instance",
    "instance_enhancement", "switchable",
]  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Nets that compile in no time."""
    monkeypatch.setattr(network_sides, "WIDTH", 8)


def cell(name: str, shape: str, mode: str = "", **fields: str) -> Cell:
    """By default in the first mode of the backend: XLA takes a second a program."""
    mode = mode or MODES[keras.config.backend()][0]
    return Cell(name=name, shape=shape, mode=mode, **fields)


@pytest.mark.full
@pytest.mark.parametrize("name", cells.normalizers())
def test_every_layer_is_measured_forward_and_backward(name):
    """Precisions and shapes in turn."""
    turn = list(cells.normalizers()).index(name)
    shape = SHAPES[turn % 3]
    shape = shape if cells.makes_sense(name, shape) else SHAPES[0]
    measured = timed(calls(cell(name, shape, dtype=cells.DTYPES[turn % 2])), 1)
    assert measured.keys() == {"seconds", "first call"}
    for values in measured["seconds"], measured["first call"]:
        assert {OURS, AGAIN, FLOOR} <= values.keys()
        assert all(np.isfinite(value).all() for value in values.values())


@pytest.mark.full
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", cells.MAIN)
def test_the_sides_compute_the_same(name, shape):
    """What is compared does one work: outputs agree, forward and at the end of a backward pass."""
    if not cells.makes_sense(name, shape):
        return
    modes = MODES[keras.config.backend()]
    for work in (FORWARD, BACKWARD):
        for mode in modes if shape == SHAPES[0] else modes[:1]:
            sides = calls(cell(name, shape, mode, work=work))
            results = {side: call() for side, call in sides.items() if side != FLOOR}
            assert (KERAS in results, NATIVE in results) == (True, has_native(name, mode))
            first = {s: r[0] if isinstance(r, (tuple, list)) else r for s, r in results.items()}
            for side, y in first.items():
                np.testing.assert_allclose(array(y), array(first[OURS]), atol=1e-4, err_msg=side)


@pytest.mark.full
def test_half_precision_is_computed_in_and_put_out():
    for name in ("batch", "rms", "weight"):
        half = cell(name, SHAPES[0], dtype="bfloat16", work=FORWARD)
        for side, call in calls(half).items():
            result = call()
            y = result[0] if isinstance(result, (tuple, list)) else result
            assert keras.backend.standardize_dtype(y.dtype) == "bfloat16", side
        assert {v.dtype for v in made(half)[OURS].trainable_variables} == {"float32"}
        assert keras.config.dtype_policy().name == "float32"


@pytest.mark.full
@pytest.mark.parametrize("name", cells.NETWORKS)
def test_networks_are_trained_with_each_normalizer(name, monkeypatch):
    monkeypatch.setattr(network_sides, "SPECS", {"none": "none", "batch": "batch"})
    measured = timed(network_sides.calls(cell(name, "2x8x8x3")), 1)
    assert list(measured["seconds"]) == ["none", "batch"]


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
    if keras.config.backend() == "tensorflow":
        return  # which does not tell
    batch, ws = (kept.by_layer(cell(name, "16x4x4x8")) for name in ("batch", "ws"))
    net = kept.by_network(cell("conv8", "2x8x8x3"))
    assert {OURS, KERAS, FLOOR} <= batch.keys()
    assert OURS in ws
    assert net["none"] > 0
    if keras.config.backend() == "torch":
        assert batch[NATIVE] * 2**20 == 16 * 4 * 4 * 8 * 4 + 2 * 8 * 4  # x, mean and rstd
        assert batch[FLOOR] == 0  # the gradient of a product with constants needs no input


@pytest.mark.once
def test_space_is_needed_by_what_normalizes_over_it():
    spatial = [name for name in cells.normalizers() if not cells.makes_sense(name, "4096x256")]
    assert sorted(spatial) == SPATIAL
    assert all(cells.makes_sense(name, "32x128x512") for name in cells.normalizers())


@pytest.mark.once
def test_native_layers_are_named_for_torch_and_graphs_only():
    assert Native("rms").normalizer == "rms"
    assert not has_native("rms", "graph")
    assert not has_native("batch", "XLA")
