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

from keras_norms.lab.data import ImageData, streams
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.job import Bench
from keras_norms.lab.training import Run, bench, checkpoint, streamed
from keras_norms.lab.training.all_devices import OnAllDevices
from keras_norms.lab.training.checkpoint import kept_in
from keras_norms.lab.training.program import Program
from tests.lab.training.small import train_on

ROOT = Path(__file__).parents[3]
MODEL = "mlp:depth=2,width=7"
RUN = Run(
    data="generated:size=5",
    model=MODEL + ",dropout=0.4",
    normalizer="batch:momentum=0.9",
    optimizer="sgd:momentum=0.9,l2=0.01",
    batch=4,
    steps=6,
    evaluate_every=2,
    learning_rate=0.1,
    schedule="exponential:decay=0.5,every=2",
)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(streams, "CLASSES", 3)
    monkeypatch.setattr(streams.Generated, "classes", 3)
    monkeypatch.setattr(checkpoint, "LARGEST_SHARE", float("inf"))


class Stopped(Exception):
    pass


def stop_at(step):
    def on_step(run, done):
        if done == step:
            raise Stopped

    return on_step


@pytest.mark.parametrize("step", [4, 6])
def test_a_run_that_was_stopped_goes_on_to_the_same_curve(tmp_path, step):
    whole = streamed.train(RUN)
    asked: list[int] = []
    with kept_in(tmp_path, every=0):
        with pytest.raises(Stopped):
            streamed.train(RUN, on_step=stop_at(step))
        outcome = streamed.train(RUN, on_step=lambda run, done: asked.append(done))
    assert asked == [done for done in (2, 4, 6) if done > step]
    assert outcome == whole
    assert outcome.curve["step"] == (2, 4, 6)


def test_another_run_does_not_go_on_from_it(tmp_path):
    other = replace(RUN, learning_rate=0.2)
    with kept_in(tmp_path, every=0):
        streamed.train(RUN)
        assert streamed.train(other) == streamed.train(other)


@pytest.mark.once
def test_a_checkpoint_that_is_cut_short(tmp_path):
    (tmp_path / f"{RUN.key}.npz").write_bytes(b"PK")
    with kept_in(tmp_path), pytest.warns(UserWarning, match=r"npz' cannot be read"):
        assert streamed.train(RUN) == streamed.train(RUN)


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
    run = replace(RUN, model=MODEL, batch=12)
    got = streamed.train(run)
    stream = Same(5)
    images = ImageData(
        "generated", *stream.training(0, 1, 12, 0, True)[0], *stream.testing(12)[0], 3
    )
    wanted = train_on(Program(run, images), run)
    for column, values in wanted.curve.items():
        np.testing.assert_allclose(got.curve[column], values, rtol=2e-4, atol=1e-5)
    assert got.verdict is wanted.verdict


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"batch": 0}, "batch=0: a stream has no full batch"),
        ({"keep_predictions": True}, "keep_predictions=True"),
        ({"optimizer": "sgd:applies_to=body"}, "optimizer='sgd:applies_to=body'"),
        ({"probes": ("weights:at=3",)}, r"probes='weights:at=\(3\)'"),
    ],
)
@pytest.mark.once
def test_what_a_stream_cannot_have(fields, said):
    with pytest.raises(BadInput, match=said):
        streamed.train(replace(RUN, **fields))


@pytest.mark.once
def test_it_stops_at_an_accuracy_and_probes_look_at_its_evaluations():
    given = replace(RUN, stop_at=1e-9, steps=20, probes=("weights",))
    outcome = streamed.train(given)
    assert outcome.curve["step"][-1] < 20
    assert [row["step"] for row in outcome.probed["weights"]] == [*outcome.curve["step"]]


def test_what_blows_up_ends_there():
    outcome = streamed.train(replace(RUN, normalizer="none", model=MODEL, learning_rate=1e6))
    assert outcome.verdict is Verdict.BLEW_UP
    assert len(outcome.curve["step"]) < 3
    assert outcome.blew_up_at in (0, 2)


@pytest.mark.skipif(keras.config.backend() != "torch", reason="torch alone has no replicas here")
def test_no_replicas_on_torch():
    with pytest.raises(BadInput, match="replicas=True: on torch one device trains"):
        streamed.train(RUN, replicas=True)


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
from keras_norms.lab.data import streams
from keras_norms.lab.training import streamed
from tests.lab.training.test_streamed import MODEL, RUN
streams.CLASSES = streams.Generated.classes = 3
assert len(keras.distribution.list_devices()) == 2
run = dataclasses.replace(RUN, model=MODEL, normalizer="batch:momentum=0.9,synchronized=true")
alone, two = streamed.train(run), streamed.train(run, replicas=True)
off = [abs(a - b) for a, b in zip(alone.curve["test_loss"], two.curve["test_loss"])]
assert max(off) < 1e-4, off
try:
    streamed.train(dataclasses.replace(run, batch=3), replicas=True)
except ValueError as error:
    assert "batch=3: 2 devices cannot share it" in str(error)
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
        "from keras_norms.lab.data import streams\n"
        "from keras_norms.lab.training import streamed\n"
        "streams.Generated(8).training(0, 1, 2, 0, True)[0]\n"
        "assert 'tensorflow' not in sys.modules",
        "jax",
    )
    assert said.returncode == 0, said.stderr


@pytest.mark.once
def test_on_all_devices_is_the_same_run(monkeypatch):
    asked = []
    monkeypatch.setattr(bench, "do", lambda run, place: asked.append(place.replicas))
    run = OnAllDevices.of_run(RUN)
    run.do(Bench())
    replace(run, seed=3).do(Bench())
    assert asked == [True, True]
    assert (run.key, run.as_dict()) == (RUN.key, RUN.as_dict())


def ran(program: str, backend: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, **environment},
    )
