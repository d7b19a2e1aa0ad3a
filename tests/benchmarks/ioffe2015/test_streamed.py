"""Training on a stream: as the lab's own program trains, and through interruptions."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks.ioffe2015 import streamed, streams
from keras_norms.lab.data import ImageData
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run
from keras_norms.lab.training.program import Program

ROOT = Path(__file__).parents[3]
RUN = Run(
    data="generated",
    model="mlp",
    depth=2,
    width=7,
    normalizer="batch:momentum=0.9",
    dropout=0.4,
    momentum=0.9,
    l2=0.01,
    batch=4,
    steps=6,
    evaluate_every=2,
    learning_rate=0.1,
    schedule="exponential:decay=0.5,every=2",
)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(streams, "PIXELS", 5)
    monkeypatch.setattr(streams, "CLASSES", 3)
    monkeypatch.setattr(streams.Generated, "input_shape", (5, 5, 3))
    monkeypatch.setattr(streams.Generated, "classes", 3)


class Stopped(Exception):
    pass


def stop_at(step):
    def on_step(run, done):
        if done == step:
            raise Stopped

    return on_step


@pytest.mark.parametrize("step", [4, 6])
def test_a_run_that_was_stopped_goes_on_to_the_same_curve(tmp_path, step):
    (whole,) = streamed.train([RUN])
    with pytest.raises(Stopped):
        list(streamed.train([RUN], checkpoints=tmp_path, on_step=stop_at(step)))
    asked = []
    (outcome,) = streamed.train(
        [RUN], checkpoints=tmp_path, on_step=lambda run, done: asked.append(done)
    )
    assert asked == [done for done in (2, 4, 6) if done > step]
    assert outcome == whole
    assert outcome.curve["step"] == (2, 4, 6)


def test_another_run_does_not_go_on_from_it(tmp_path):
    list(streamed.train([RUN], checkpoints=tmp_path))
    other = replace(RUN, learning_rate=0.2)
    assert list(streamed.train([other], checkpoints=tmp_path)) == list(streamed.train([other]))


@pytest.mark.once
def test_a_checkpoint_that_is_cut_short(tmp_path):
    (tmp_path / f"{RUN.key}.npz").write_bytes(b"PK")
    with pytest.raises(BadInput, match=r"checkpoints: '.*npz' cannot be read .*: remove it"):
        list(streamed.train([RUN], checkpoints=tmp_path))


class Same(streams.Generated):
    """The same batch in each step."""

    def training(self, first, steps, batch, seed, reshuffle):
        one = super().training(0, 1, batch, seed, reshuffle)[0]
        return _Repeated([one] * steps)

    def testing(self, batch):
        return _Repeated([super().testing(batch)[0]])


class _Repeated(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self._batches = batches

    def __len__(self):
        return len(self._batches)

    def __getitem__(self, index):
        return self._batches[index]


def test_fit_trains_as_the_program_of_the_lab_does(monkeypatch):
    """All images in each batch, so that their order is nothing: momentum, decay and L2 are left."""
    monkeypatch.setattr(streams, "Generated", Same)
    run = replace(RUN, dropout=0.0, batch=12)
    (got,) = streamed.train([run])
    stream = Same()
    images = ImageData(
        "generated", *stream.training(0, 1, 12, 0, True)[0], *stream.testing(12)[0], 3
    )
    wanted = Program(run, images).train(run)
    for column, values in wanted.curve.items():
        np.testing.assert_allclose(got.curve[column], values, rtol=2e-4, atol=1e-5)
    assert got.verdict is wanted.verdict


def test_what_blows_up_ends_there():
    run = replace(RUN, normalizer="none", dropout=0.0, learning_rate=1e6)
    (outcome,) = streamed.train([run])
    assert outcome.verdict is Verdict.BLEW_UP
    assert len(outcome.curve["step"]) < 3
    assert outcome.blew_up_at in (0, 2)


@pytest.mark.skipif(keras.config.backend() != "torch", reason="torch alone has no replicas here")
def test_no_replicas_on_torch():
    with pytest.raises(BadInput, match="replicas=True: on torch one device trains"):
        list(streamed.train([RUN], replicas=True))


# MirroredStrategy takes all GPUs, but of CPUs only the first.
TWO_OF_TENSORFLOW = """
import functools
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
names = [device.name for device in tf.config.list_logical_devices("CPU")]
tf.distribute.MirroredStrategy = functools.partial(tf.distribute.MirroredStrategy, names)
"""
TWO = """
import dataclasses
import keras
from benchmarks.ioffe2015 import streamed, streams
from tests.benchmarks.ioffe2015.test_streamed import RUN
streams.PIXELS, streams.CLASSES = 5, 3
streams.Generated.input_shape, streams.Generated.classes = (5, 5, 3), 3
assert len(keras.distribution.list_devices()) == 2
run = dataclasses.replace(RUN, dropout=0.0, normalizer="batch:momentum=0.9,synchronized=True")
(alone,), (two,) = streamed.train([run]), streamed.train([run], replicas=True)
off = [abs(a - b) for a, b in zip(alone.curve["test_loss"], two.curve["test_loss"])]
assert max(off) < 1e-4, off
try:
    list(streamed.train([dataclasses.replace(run, batch=3)], replicas=True))
except ValueError as error:
    assert "batch=3 cannot be shared by 2 devices" in str(error)
else:
    raise AssertionError("three images on two devices")
"""


@pytest.mark.skipif(keras.config.backend() == "torch", reason="one device on torch")
def test_two_devices_that_share_their_statistics_train_as_one():
    backend = keras.config.backend()
    program = (TWO_OF_TENSORFLOW if backend == "tensorflow" else "") + TWO
    said = ran(program, backend, XLA_FLAGS="--xla_force_host_platform_device_count=2")
    assert said.returncode == 0, said.stderr


@pytest.mark.once
def test_jax_needs_no_tensorflow():
    pytest.importorskip("jax")
    said = ran(
        "import sys\n"
        "from benchmarks.ioffe2015 import imagenet, throughput, streams\n"
        "streams.opened('generated').training(0, 1, 2, 0, True)[0]\n"
        "assert 'tensorflow' not in sys.modules",
        "jax",
    )
    assert said.returncode == 0, said.stderr


def ran(program: str, backend: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, **environment},
    )
