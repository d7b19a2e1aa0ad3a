"""Operations counted by hand, and what follows from a measurement."""

from __future__ import annotations

import keras
import pytest
from keras import layers

import keras_norms
from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import throughput
from benchmarks.ioffe2015.operations import multiply_adds, step_operations
from benchmarks.ioffe2015.throughput import Settings, measured
from benchmarks.ioffe2015.throughput_tables import rates_table, totals_table
from keras_norms.lab.errors import BadInput
from keras_norms.lab.models import MODELS
from keras_norms.lab.training import Run


@pytest.mark.once
def test_multiply_adds_counted_by_hand():
    inputs = keras.Input((8, 6, 3))
    x = layers.Conv2D(5, 3, strides=2, padding="same")(inputs)  # 4x3 places, 3x3x3 values each
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(4, 2, groups=1, padding="valid")(x)  # 3x2 places, 2x2x5
    x = layers.SeparableConv2D(7, 3, padding="same", depth_multiplier=2)(x)  # 3x3 for 8, 8 to 7
    x = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, x)
    by_hand = 4 * 3 * 5 * 27 + 3 * 2 * 4 * 20 + 3 * 2 * (9 * 8 + 8 * 7) + 7 * 2
    assert multiply_adds(model) == by_hand
    assert step_operations(model, 10) == 60 * by_hand


@pytest.mark.once
def test_grouped_convolutions_see_their_group_alone():
    inputs = keras.Input((4, 4, 6))
    grouped = keras.Model(inputs, layers.Conv2D(6, 1, groups=3)(inputs))
    assert multiply_adds(grouped) == 16 * 6 * 2


@pytest.mark.once
def test_the_full_network_takes_about_what_is_said_of_it():
    """Public descriptions of BN-Inception say 2 billion multiply-adds at 224 pixels."""
    network = MODELS["bn_inception"](
        keras_norms.get("batch"), depth=10, width=64, input_shape=(224, 224, 3), classes=1000
    )
    assert multiply_adds(network) == pytest.approx(2.0e9, rel=0.1)


def test_a_measurement(monkeypatch):
    monkeypatch.setattr(throughput, "peak", lambda dtype: {"float32": 1e12}[dtype])
    run = Run(data="slim", model="mlp", depth=1, width=4, batch=2, steps=2, learning_rate=0.1)
    found = measured(run)
    assert found["images_per_second"] > 0
    assert found["operations"] == 6 * 2 * (32 * 32 * 3 * 4 + 4 * 10)
    assert found["peak"] == 1e12


@pytest.mark.once
def test_peak_is_of_the_size_of_a_processors():
    assert 1e8 < throughput.peak("float32") < 1e16


FULL = {
    "network": "full", "precision": "float32", "batch": 32, "images_per_second": 1000.0,
    "operations": 32 * 12e9, "peak": 48e12, "backend": "jax", "device": "gpu (one)",
}  # fmt: skip


@pytest.mark.once
def test_what_follows_from_a_measurement():
    rates, totals = rates_table("t", [FULL]), totals_table("t", [FULL])
    assert rates.tidy["utilization"].tolist() == [0.25]
    # 31.0 million steps of 32 images, 1,000 of them a second, 86,400 seconds a day.
    days = dict(zip(totals.tidy["network"], totals.tidy["days"], strict=True))
    assert days["Inception"] == pytest.approx(31.0e6 * 32 / 1000 / 86400)
    assert days["BN-x5"] == pytest.approx(2.1e6 * 32 / 1000 / 86400)
    assert "BN-x5-Sigmoid" not in days  # the paper gives it no steps


@pytest.mark.once
def test_measured_once_a_device_and_shown_together(monkeypatch, tmp_path):
    calls = []

    def fake(run):
        calls.append((run.data, run.precision, run.batch))
        return FULL | {"network": run.data, "precision": run.precision, "batch": run.batch}

    pipeline = {"network": "pipeline", "images_per_second": 5.0, "backend": "jax", "device": "cpu"}
    monkeypatch.setattr(throughput, "measured", fake)
    monkeypatch.setattr(throughput, "piped", lambda batch: pipeline)
    command = ["run", "ioffe2015.throughput", "--out", str(tmp_path)]
    assert BENCHMARKS.main(command) == BENCHMARKS.main(command) == 0
    assert calls == [
        ("slim", "float32", 64),
        ("slim", "mixed_bfloat16", 64),
        ("full", "float32", 8),
        ("full", "mixed_bfloat16", 8),
    ]
    assert BENCHMARKS.main([*command, "--scale", "gpu"]) == 0
    assert len(calls) == 8
    page = (tmp_path / "ioffe2015.throughput.md").read_text()
    assert "the paper's 31.0 million steps of Inception would take 11.5 days" in page


@pytest.mark.once
def test_settings_that_cannot_be():
    with pytest.raises(BadInput, match="precisions='float16' is unknown; write some of"):
        Settings(precisions=("float16",))
    with pytest.raises(BadInput, match="batch=0 cannot be"):
        Settings(batch=0)
