"""Training on several devices with synchronized=True: the weights that one device learns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.gradients import BACKEND
from tests.replicas import FLAGS

MODEL = """
import contextlib, keras, numpy as np
from keras_norms import layers

x = np.random.default_rng(0).normal(1e3, 1.0, (48, 6)).astype("float32")
x += np.linspace(0, 2, 48, dtype="float32")[:, None]  # no piece is like another
target = np.random.default_rng(1).normal(size=(48, 2)).astype("float32")

def made():
    keras.utils.set_random_seed(0)
    return keras.Sequential([
        keras.Input((6,)),
        layers.BatchNormalization(momentum=0.5, synchronized=True),
        keras.layers.Dense(8, activation="relu"),
        layers.BatchNormalization(momentum=None, unbiased=True, synchronized=True),
        keras.layers.Dense(2),
    ])

def agree(one, several):
    assert len(one) == len(several) == 13
    for wanted, got in zip(one, several, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=2e-5)
"""
FIT = """
def fitted(context):
    with context:
        model = made()
        model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile={jit})
    model.fit(x, target, batch_size=16, epochs=2, shuffle=False, verbose=0)
    return model.get_weights()

agree(fitted(contextlib.nullcontext()), fitted(distributed()))
"""
TENSORFLOW = """
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * {n})

def distributed():
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range({n})]).scope()
"""
# Pieces of one batch are one batch here, so that the same holds by construction.
JAX = """
import jax

def distributed():
    assert len(jax.devices()) == {n}
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    return contextlib.nullcontext()
"""
# As Keras's guide to torch on several devices does it: there `fit` knows of one process alone.
TORCH = """
import torch
from torch.nn.parallel import DistributedDataParallel
from tests.replicas import processes

def trained(replica, number={n}):
    model = made()
    wrapped = DistributedDataParallel(model) if number > 1 else model
    optimizer = torch.optim.SGD([v.value for v in model.trainable_variables], 0.1)
    for start in (0, 16, 32) * 2:
        part = slice(start + replica * 16 // number, start + (replica + 1) * 16 // number)
        y = wrapped(torch.tensor(x[part]), training=True)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(y, torch.tensor(target[part])).backward()
        optimizer.step()
    return model.get_weights()

for several in processes({n}, trained):
    agree(trained(0, 1), several)
"""
PROGRAMS = {"tensorflow": TENSORFLOW + FIT, "jax": JAX + FIT, "torch": TORCH}


def test_training():
    number = 2 if BACKEND == "torch" else 4
    program = MODEL + PROGRAMS[BACKEND].replace("{n}", str(number))
    program = program.replace("{jit}", str(BACKEND == "jax"))  # XLA cannot reduce over CPUs
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, "KERAS_BACKEND": BACKEND, "XLA_FLAGS": FLAGS},
    )
    assert run.returncode == 0, run.stderr
