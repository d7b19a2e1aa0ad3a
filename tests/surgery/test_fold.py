"""Folding: the same outputs from fewer layers, or a reason."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import keras_norms
from keras_norms.surgery.fold import fold
from tests.surgery.models import assert_agree, kinds, randomized, values

IMAGE, LINE, VOLUME, VECTOR = (8, 8, 4), (9, 4), (5, 5, 5, 4), (4,)
BATCHES = [layers.BatchNormalization, keras_norms.layers.BatchNormalization]
LINEAR = {
    "dense": (VECTOR, lambda **o: layers.Dense(6, **o)),
    "dense over a line": (LINE, lambda **o: layers.Dense(6, **o)),
    "conv1d": (LINE, lambda **o: layers.Conv1D(6, 3, **o)),
    "causal": (LINE, lambda **o: layers.Conv1D(6, 3, padding="causal", **o)),
    "conv2d": (IMAGE, lambda **o: layers.Conv2D(6, 3, **o)),
    "conv2d same": (IMAGE, lambda **o: layers.Conv2D(6, 3, 2, "same", **o)),
    "conv2d 1x1 same": (IMAGE, lambda **o: layers.Conv2D(6, 1, padding="same", **o)),
    "conv3d": (VOLUME, lambda **o: layers.Conv3D(6, 2, **o)),
    "depthwise1d": (LINE, lambda **o: layers.DepthwiseConv1D(3, depth_multiplier=2, **o)),
    "depthwise2d": (IMAGE, lambda **o: layers.DepthwiseConv2D(3, depth_multiplier=2, **o)),
    "separable1d": (LINE, lambda **o: layers.SeparableConv1D(6, 3, depth_multiplier=2, **o)),
    "separable2d": (IMAGE, lambda **o: layers.SeparableConv2D(6, 3, depth_multiplier=2, **o)),
    "transposed1d": (LINE, lambda **o: layers.Conv1DTranspose(6, 3, 2, **o)),
    "transposed2d": (IMAGE, lambda **o: layers.Conv2DTranspose(6, 3, 2, "same", **o)),
    "transposed3d": (VOLUME, lambda **o: layers.Conv3DTranspose(6, 2, **o)),
}
PADDED = ("causal", "conv2d same", "transposed1d", "transposed2d", "transposed3d")


def chain(shape, *inner):
    return randomized(keras.Sequential([layers.Input(shape), *inner]))


def folded(model):
    """The folded model, of the same outputs; the old one is untouched."""
    before, compiled = values(model), kinds(model)
    new, report = fold(model)
    assert_agree(new, model)
    for old, kept in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(old, kept)
    assert kinds(model) == compiled
    return new, report


def reason(model):
    """Why its one normalizer is left."""
    new, report = folded(model)
    (row,) = report
    assert row["done"] == "left"
    assert kinds(new) == kinds(model)
    return row["detail"]


@pytest.mark.parametrize(("batch", "bias"), zip(BATCHES, [True, False], strict=True))
@pytest.mark.parametrize("name", LINEAR)
def test_into_the_layer_before(name, bias, batch):
    shape, make = LINEAR[name]
    model = chain(shape, make(use_bias=bias), batch(epsilon=0.1, name="bn"), layers.ReLU())
    new, report = folded(model)
    assert kinds(new) == [kinds(model)[0], "ReLU"]
    assert report["bn"]["done"] == "folded"
    assert repr(model.layers[0].name) in report["bn"]["detail"]


@pytest.mark.parametrize("name", LINEAR)
def test_into_the_layer_after_where_padding_permits(name):
    shape, make = LINEAR[name]
    for shift in (True, False):
        norm = layers.BatchNormalization(center=False, name="bn")
        model = chain(shape, norm, make(activation="relu"))
        if not shift:
            norm.moving_mean.assign(np.zeros(4))
        new, report = folded(model)
        left = shift and name in PADDED
        assert (report["bn"]["done"] == "left") == left
        assert len(new.layers) == 2 if left else 1
        assert not left or "pads with zeros" in report["bn"]["detail"]


def test_grouped_convolutions_after():
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow runs no grouped convolution on a CPU outside of XLA")
    conv = layers.Conv2D(6, 3, groups=2)
    new, _ = folded(chain(IMAGE, layers.BatchNormalization(), conv))
    assert kinds(new) == ["Conv2D"]


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("batch", BATCHES)
def test_without_gamma_or_beta(batch, scale, center):
    model = chain(IMAGE, layers.Conv2D(6, 3), batch(scale=scale, center=center))
    assert kinds(folded(model)[0]) == ["Conv2D"]


@pytest.mark.parametrize("kind", [
    keras_norms.layers.GhostBatchNormalization, keras_norms.layers.BatchRenormalization,
])  # fmt: skip
def test_what_differs_in_training_alone_folds_too(kind):
    assert kinds(folded(chain(IMAGE, layers.Conv2D(6, 3), kind()))[0]) == ["Conv2D"]


def test_channels_first_weights():
    """Of 7 x 7 places: Keras on TensorFlow adds a bias along a width of as many as the channels."""
    first = chain((4, 9, 9), layers.Conv2D(6, 3, data_format="channels_first"),
                  layers.BatchNormalization(axis=1))  # fmt: skip
    last = chain(IMAGE, layers.Conv2D(6, 3), layers.BatchNormalization())
    last.set_weights(first.get_weights())
    new = fold(first)[0]
    assert kinds(new) == ["Conv2D"]
    for one, other in zip(new.get_weights(), fold(last)[0].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("between", [
    [layers.Dropout(0.5)], [layers.Activation("linear")], [layers.AveragePooling2D(2)],
    [layers.UpSampling2D(), layers.Cropping2D(1)], [layers.GlobalAveragePooling2D()],
    [layers.GlobalAveragePooling2D(keepdims=True)], [layers.SpatialDropout2D(0.5)],
], ids=lambda steps: type(steps[0]).__name__)  # fmt: skip
def test_across_linear_layers(between):
    again = [type(step).from_config(step.get_config()) for step in between]
    model = chain(IMAGE, layers.Conv2D(6, 3), *again, layers.BatchNormalization())
    assert len(folded(model)[0].layers) == 1 + len(between)
    again = [type(step).from_config(step.get_config()) for step in between]
    model = chain(IMAGE, layers.BatchNormalization(), *again, layers.Dense(3))
    assert len(folded(model)[0].layers) == 1 + len(between)


def test_across_flatten_into_the_dense_layer_after():
    model = chain(IMAGE, layers.ReLU(), layers.BatchNormalization(), layers.Flatten(),
                  layers.Dense(3))  # fmt: skip
    assert kinds(folded(model)[0]) == ["ReLU", "Flatten", "Dense"]


def test_several_into_one():
    batch = layers.BatchNormalization
    model = chain(IMAGE, batch(), layers.Conv2D(6, 3), batch(), layers.Dropout(0.1), batch())
    assert kinds(folded(model)[0]) == ["Conv2D", "Dropout"]


@pytest.mark.parametrize("name", ["ws", "weight", "sws", "spectral"])
def test_weight_reparameterizations_are_baked_in(name):
    unit = keras_norms.get(f"{name}+batch")(layers.Conv2D(6, 3), "relu")
    model = chain(IMAGE, *unit.layers, *keras_norms.get(name)(layers.Conv2D(2, 3)).layers)
    new, report = folded(model)
    assert kinds(new) == ["Conv2D", "Activation", "Conv2D"]
    assert [row["done"] for row in report] == ["stripped", "folded", "stripped"]
    assert [layer.name for layer in new.layers[::2]] == [layer.name for layer in model.layers[::3]]


@pytest.mark.parametrize(("inner", "said"), [
    ([layers.Conv2D(6, 3, activation="relu"), layers.BatchNormalization()], "activation inside"),
    ([layers.Conv2D(6, 3), layers.ReLU(name="r"), layers.BatchNormalization()], "'r' (ReLU)"),
    ([layers.Conv2D(6, 3), layers.ZeroPadding2D(name="z"), layers.BatchNormalization()], "'z'"),
    ([layers.Conv2D(6, 3), layers.MaxPooling2D(name="p"), layers.BatchNormalization()], "'p'"),
    ([layers.Conv2D(6, 3, name="c"), layers.BatchNormalization(axis=1)], "channels of 'c'"),
    ([layers.Conv2D(6, 3), keras_norms.layers.BatchNormalization([1, 3])], "axis [1, 3]"),
    ([layers.BatchNormalization()], "input comes first"),
    ([layers.TimeDistributed(layers.BatchNormalization(), name="t")], "inside 't'"),
    ([layers.Conv2D(6, 3), keras_norms.layers.SwitchableNormalization()], "not known"),
])  # fmt: skip
def test_what_cannot_be_folded_is_named_with_its_reason(inner, said):
    again = [type(step).from_config(step.get_config()) for step in inner]
    assert said in reason(chain(IMAGE, *again))


def branched(make):
    x = keras.Input(IMAGE)
    return randomized(keras.Model(x, make(x)))


@pytest.mark.parametrize(("make", "said"), [
    (lambda x, conv, norm: norm(layers.Add(name="sum")([conv(x), x])), "'sum' (Add) joins 2"),
    (lambda x, conv, norm: [norm(y := conv(x)), layers.ReLU()(y)], "used elsewhere"),
    (lambda x, conv, norm: [norm(y := conv(x)), y], "used elsewhere"),
    (lambda x, conv, norm: [norm(conv(x)), conv(x)], "is shared"),
    (lambda x, conv, norm: norm(norm(conv(x))), "it is shared"),
    (lambda x, conv, norm: norm(conv(x), training=True), "training=True"),
    (lambda x, conv, norm: norm(keras.ops.tanh(conv(x))), "(Tanh)"),
])  # fmt: skip
def test_graphs_that_cannot_be_folded(make, said):
    model = branched(
        lambda x: make(x, layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization())
    )
    (row,) = fold(model)[1]
    assert (row["done"], said in row["detail"]) == ("left", True), row


def test_a_residual_block_before_the_sum():
    def block(x):
        y = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
        y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
        y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)
        return layers.Add()([layers.BatchNormalization()(y), x])

    assert "BatchNormalization" not in kinds(folded(branched(lambda x: block(block(x))))[0])


def test_models_inside_models():
    inner = keras.Sequential([layers.Input(IMAGE), layers.Conv2D(4, 3, padding="same"),
                              layers.BatchNormalization(name="bn")], name="inner")  # fmt: skip
    model = branched(lambda x: layers.Add()([inner(x), inner(inner(x))]))
    new, report = folded(model)
    assert kinds(new.get_layer("inner")) == ["Conv2D"]
    assert [row["layer"] for row in report] == ["inner/bn"]


@pytest.mark.full
def test_a_model_of_keras_applications():
    model = randomized(
        keras.applications.MobileNet((32, 32, 3), 0.25, weights=None, include_top=False)
    )
    _, report = folded(model)
    assert {row["done"] for row in report} == {"folded"}
    assert len(report) == 27


def test_half_precision_agrees_to_its_rounding():
    model = chain(VECTOR, layers.Dense(6, dtype="mixed_bfloat16"),
                  layers.BatchNormalization(dtype="mixed_bfloat16"))  # fmt: skip
    assert_agree(fold(model)[0], model, 2e-2)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="Keras computes float64 as float32 here"
)
def test_double_precision_stays_so():
    model = chain(VECTOR, layers.Dense(6, dtype="float64"),
                  layers.BatchNormalization(dtype="float64"))  # fmt: skip
    dense = model.layers[0]
    dense.kernel.assign(dense.kernel + 1e-9 * np.arange(24).reshape(4, 6))  # lost in float32
    assert_agree(fold(model)[0], model, 1e-14)


@pytest.mark.parametrize(("model", "said"), [
    (keras.Sequential([layers.Dense(2)], name="raw"), r"'raw'.*not built"),
    ("model", "must be a Keras model"),
])  # fmt: skip
def test_bad_input(model, said):
    with pytest.raises(ValueError, match=said):
        fold(model)
