"""Folding crosses only what is the identity at inference, in one dtype."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.surgery import fold
from tests.gradients import array
from tests.surgery.models import assert_agree, randomized

IMAGE, LINE, VOLUME = (6, 6, 4), (6, 4), (3, 3, 3, 4)
NOISE = {
    "dropout": (lambda: layers.Dropout(0.5), LINE),
    "noise": (lambda: layers.GaussianNoise(1.0), LINE),
    "gaussian dropout": (lambda: layers.GaussianDropout(0.5), LINE),
    "alpha dropout": (lambda: layers.AlphaDropout(0.5), LINE),
    "spatial 1d": (lambda: layers.SpatialDropout1D(0.5), LINE),
    "spatial 2d": (lambda: layers.SpatialDropout2D(0.5), IMAGE),
    "spatial 3d": (lambda: layers.SpatialDropout3D(0.5), VOLUME),
}
TRUTHS = [True, 1, np.True_]
DTYPES = ["mixed_float16", "mixed_bfloat16", "bfloat16", "float32"]


def before(noise, x, bn, **training):
    return bn(noise(layers.Dense(4, name="dense")(x), **training))


def after(noise, x, bn, **training):
    return layers.Dense(4, name="dense")(noise(bn(x), **training))


@pytest.mark.parametrize("place", [before, after])
@pytest.mark.parametrize("name", NOISE)
def test_noise_is_crossed_only_where_it_is_silent(name, place):
    make, shape = NOISE[name]
    for training in (None, False, *TRUTHS):
        x = keras.Input(shape)
        norm = layers.BatchNormalization(name="bn")
        given = {} if training is None else {"training": training}
        model = randomized(keras.Model(x, place(make(), x, norm, **given)))
        row = fold(model)[1]["bn"]
        assert row["done"] == ("left" if training else "folded"), training
        if training:
            assert "called with training=True" in row["detail"]


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("place", [before, after])
def test_noise_in_models_that_are_called_in_training_mode(place, depth):
    x = keras.Input(LINE)
    norm = layers.BatchNormalization(name="bn")
    noise = layers.Dropout(0.5)
    inner = keras.Model(x, place(noise, x, norm, training=None))
    for level in range(depth):
        x = keras.Input(LINE)
        inner = keras.Model(x, inner(x, **({"training": 1} if level == depth - 1 else {})))
    (row,) = fold(randomized(inner))[1]
    assert row["done"] == "left"
    assert "training=True" in row["detail"]


@pytest.mark.parametrize("shared", [False, True])
def test_a_normalizer_in_training_mode_up_the_call_chain(shared):
    x = keras.Input((4,))
    inner = keras.Sequential([x, layers.Dense(3), layers.BatchNormalization(name="bn")])
    y = inner(x, training=True)
    y = layers.Add()([y, inner(x)]) if shared else y
    model = randomized(keras.Model(x, y))
    (row,) = fold(model)[1]
    assert (row["done"], "training=True" in row["detail"]) == ("left", True)


@pytest.mark.parametrize("norm", DTYPES)
@pytest.mark.parametrize("linear", DTYPES)
def test_no_dtype_is_crossed(linear, norm):
    for place in ("before", "after"):
        x = keras.Input((4,))
        dense, bn = layers.Dense(3, dtype=linear), layers.BatchNormalization(name="bn", dtype=norm)
        model = keras.Model(x, bn(dense(x)) if place == "before" else dense(bn(x)))
        new, report = fold(randomized(model))
        assert new.output.dtype == model.output.dtype
        alike = dense.compute_dtype == bn.compute_dtype
        assert report["bn"]["done"] == ("folded" if alike else "left")
        if not alike:
            assert dense.compute_dtype in report["bn"]["detail"]


@pytest.mark.parametrize("between", ["mixed_float16", "bfloat16"])
def test_no_dtype_is_crossed_in_between(between):
    x = keras.Input(LINE)
    pooled = layers.AveragePooling1D(2, dtype=between, name="pool")(layers.Dense(3)(x))
    model = randomized(keras.Model(x, layers.BatchNormalization(name="bn")(pooled)))
    row = fold(model)[1]["bn"]
    assert (row["done"], "'pool' computes in" in row["detail"]) == ("left", True)


def test_what_would_overflow_stays_finite():
    x = keras.Input((4,))
    bn = layers.BatchNormalization(dtype="float32")
    model = keras.Model(x, bn(layers.Dense(3, dtype="mixed_float16")(x)))
    bn.gamma.assign(np.full(3, 1e5))
    new, _ = fold(model)
    assert np.isfinite(array(new(np.full((2, 4), 3.0, "float32")))).all()
    assert_agree(new, model)


def test_what_is_not_trained_stays_so():
    dense = layers.Dense(3, name="dense")
    model = keras.Sequential([layers.Input((4,)), dense, layers.BatchNormalization()])
    dense.kernel.trainable = False
    (kernel, bias) = fold(model)[0].get_layer("dense").variables
    assert (kernel.trainable, bias.trainable) == (False, True)


def test_nothing_to_fold_is_said():
    bare = keras.Sequential([layers.Input((4,)), layers.Dense(3)])
    assert any("Nothing to fold" in note for note in fold(bare)[1].notes)
    left = keras.Sequential([layers.Input((4,)), layers.BatchNormalization()])
    assert any("Nothing was folded" in note for note in fold(left)[1].notes)
    done = keras.Sequential([layers.Input((4,)), layers.Dense(3), layers.BatchNormalization()])
    assert fold(done)[1].notes == []


def test_the_report_of_a_large_model_says_once_what_is_the_same():
    x = y = keras.Input((4,))
    for number in range(30):
        y = layers.BatchNormalization(name=f"bn_{number}")(layers.Dense(4)(y))
        y = layers.Activation("relu")(y)
    _, report = fold(keras.Model(x, y))
    assert len(report) == 30
    printed = str(report)
    assert "30 layers, bn_0 to bn_29" in printed
    assert len(printed.splitlines()) < 8
