"""Curvature along a run: at initialization that of a fresh model, later that of the trained one."""

from __future__ import annotations

import math
from dataclasses import replace

import keras
import numpy as np
import pytest

from keras_norms.lab.edges.sharpness import Measurement, Point, Sharpness
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.batch_order import batch_indices
from keras_norms.lab.training.initialization import build
from keras_norms.probes.curvature import Curvature, Largest
from tests.lab.training.small import small_data, small_run

RUN = small_run(normalizer="batch:momentum=0.9", activation="tanh", momentum=0.9, steps=4)


def test_points_are_those_of_a_model_trained_by_fit():
    data = small_data()
    sharpness = Sharpness(replace(RUN, seed=7), data, examples=20)
    found = list(sharpness.measure(RUN, (0, 1, 4)))
    assert [point.step for point in found] == [0, 1, 4]
    model = build(RUN, data, RUN.seed)
    x, y = data.x_train, data.y_train
    model.compile(
        keras.optimizers.SGD(RUN.learning_rate, momentum=RUN.momentum),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    done = 0
    for point in found:
        for batch in batch_indices(len(y), RUN.batch, 4, RUN.seed)[done : point.step]:
            model.train_on_batch(x[batch], y[batch])
        done = point.step
        wanted = Curvature(model, x[:20], y[:20]).largest()
        np.testing.assert_allclose(point.largest.lambda_max, wanted.lambda_max, rtol=2e-3)
        np.testing.assert_allclose(point.largest.loss, wanted.loss, rtol=1e-4)


def test_a_run_does_not_know_what_was_measured_before():
    sharpness = Sharpness(RUN, small_data(), examples=20)
    first = list(sharpness.measure(RUN, (0, 2)))
    other = list(sharpness.measure(replace(RUN, seed=3), (0, 2)))
    assert list(sharpness.measure(RUN, (0, 2))) == first
    assert other[0].largest.lambda_max != first[0].largest.lambda_max


def test_a_run_that_is_lost_ends_early():
    run = small_run(learning_rate=1e30, steps=8)
    found = list(Sharpness(run, small_data(), examples=20).measure(run, (0, 8)))
    assert [point.step for point in found] == [0]


@pytest.mark.once
@pytest.mark.parametrize(("examples", "at", "named"), [
    (1, (0,), "examples=1"), (8, (), r"at=\(\)"), (8, (0, 9), r"at=\(0, 9\)"),
    (8, (2, 1), r"at=\(2, 1\)"), (8, (-1,), r"at=\(-1,\)"),
])  # fmt: skip
def test_measurements_that_cannot_be(examples, at, named):
    with pytest.raises(BadInput, match=named):
        Measurement(small_run(), examples, at)


@pytest.mark.once
def test_more_examples_than_there_are():
    with pytest.raises(BadInput, match=r"examples=51 .*50"):
        Sharpness(small_run(), small_data(), 51)


@pytest.mark.once
def test_keys_and_json():
    first, other = Measurement(RUN, 8, (0, 1)), Measurement(RUN, 9, (0, 1))
    assert len({first.key, other.key, Measurement(RUN, 8, (0,)).key}) == 3
    assert first.key == Measurement(RUN, 8, (0, 1)).key
    point = Point(3, Largest(2.5, 7, 1e-4, 0.3))
    assert Point.from_dict(point.as_dict()) == point
    lost = Point(3, Largest(math.nan, 0, math.nan, math.inf)).as_dict()
    assert lost["lambda_max"] is None
    assert math.isnan(Point.from_dict(lost).largest.loss)
