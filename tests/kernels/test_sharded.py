"""A batch in pieces on several devices (JAX): the statistics are those of the whole batch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gradients import BACKEND

pytestmark = pytest.mark.skipif(BACKEND != "jax", reason="JAX alone lays one array on several")

PROGRAM = """
import jax, keras, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from keras_norms import layers

assert len(jax.devices()) == 4
mesh = Mesh(np.array(jax.devices()), ("batch",))
pieces = NamedSharding(mesh, PartitionSpec("batch"))
x = np.random.default_rng(0).normal(1e4, 1.0, (128, 3, 3, 8)).astype("float32")
dy = np.random.default_rng(1).normal(size=x.shape).astype("float32")
for layer in (
    layers.BatchNormalization(momentum=0.0),
    layers.GroupNormalization(2),
    layers.LayerNormalization(),
    layers.GhostBatchNormalization(32, momentum=0.0),
):
    layer.build(x.shape)
    weights = [v.value for v in layer.trainable_variables]
    memory = [v.value for v in layer.non_trainable_variables]

    @jax.jit
    def step(x, dy):
        def call(x):
            return layer.stateless_call(weights, memory, x, training=True)

        y, pull, kept = jax.vjp(call, x, has_aux=True)
        return y, *pull(dy), kept

    whole = step(x, dy)
    parts = step(jax.device_put(x, pieces), jax.device_put(dy, pieces))
    assert len(parts[0].sharding.device_set) == 4
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        np.testing.assert_allclose(np.asarray(other), np.asarray(one), rtol=1e-6, atol=2e-5)
"""


def test_pieces_give_what_the_whole_gives():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"},
    )
    assert run.returncode == 0, run.stderr
