"""Operations counted by hand, and what follows from a measurement."""

from __future__ import annotations

import keras
import pytest
from keras import layers

from benchmarks.ioffe2015.section42_throughput import NETWORK, Throughput
from benchmarks.ioffe2015.throughput_tables import rates_table, totals_table
from benchmarks.speed import training
from benchmarks.speed.operations import multiply_adds, step_operations
from keras_norms import schemes
from keras_norms.lab.errors import BadInput
from keras_norms.lab.machine import this_machine
from keras_norms.lab.models.bn_inception import bn_inception
from tests.benchmarks.made_up import finished, page


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


@pytest.mark.full
@pytest.mark.once
def test_the_full_network_takes_about_what_is_said_of_it():
    """Public descriptions of BN-Inception say 2 billion multiply-adds at 224 pixels."""
    network = bn_inception(schemes.get("batch"), input_shape=(224, 224, 3), classes=1000)
    assert multiply_adds(network) == pytest.approx(2.0e9, rel=0.1)


@pytest.mark.full
def test_a_measurement(monkeypatch):
    monkeypatch.setattr(training, "peak", lambda dtype: {"float32": 1e12}[dtype])
    run = {"model": "mlp:depth=1,width=4", "batch": 2, "steps": 2, "learning_rate": 0.1}
    sizes = {"pixels": 8, "classes": 10, "rounds": 2}
    found = training.images_per_second(run=run, **sizes, machine=this_machine())
    assert len(found["images_per_second"]) == 2
    assert min(found["images_per_second"]) > 0
    assert found["operations"] == 6 * 2 * (8 * 8 * 3 * 4 + 4 * 10)
    assert found["peak"] == 1e12
    with pytest.raises(BadInput, match="machine='abacus'"):
        training.images_per_second(run=run, **sizes, machine="abacus")


@pytest.mark.once
def test_peak_is_of_the_size_of_a_processors():
    assert 1e8 < training.peak("float32") < 1e16


def made_up(job):
    """A thousand images a second, 12 GFLOP each, at a quarter of the peak."""
    if job.function != NETWORK:
        return 5.0
    operations = job.arguments["run"]["batch"] * 12e9
    return {"images_per_second": [1000.0] * 6, "operations": operations, "peak": 48e12}


@pytest.mark.once
def test_what_follows_from_a_measurement(tmp_path):
    found = finished(Throughput(precisions=("float32",)), tmp_path, made_up).found
    rates = rates_table("t", found["networks"], found["pipelines"])
    assert rates.tidy["utilization"].dropna().tolist() == [0.25, 0.25]
    totals = totals_table("t", found["networks"])
    # 31.0 million steps of 32 images, 1,000 of them a second, 86,400 seconds a day.
    days = dict(zip(totals.tidy["network"], totals.tidy["days"], strict=True))
    assert days["Inception"] == pytest.approx(31.0e6 * 32 / 1000 / 86400)
    assert days["BN-x5"] == pytest.approx(2.1e6 * 32 / 1000 / 86400)
    assert "BN-x5-Sigmoid" not in days  # the paper gives it no steps


@pytest.mark.once
def test_machines_are_measured_apart_and_shown_together(tmp_path):
    here = Throughput(machine="gpu (one)")
    finished(here, tmp_path, made_up)
    done = []
    text = page(
        Throughput(machine="abacus"), tmp_path, lambda job: done.append(job) or made_up(job)
    )
    assert {job.arguments["machine"] for job in done} == {"abacus"}
    assert text.count("the paper's 31.0 million steps of Inception would take 11.5 days") == 4
    assert "gpu (one)" in text
