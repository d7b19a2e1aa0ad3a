"""What surgery cannot do is an error or a line of the report, and names the layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import layers as ours
from keras_norms.surgery import audit, convert, fold, freeze, recalibrate
from tests.gradients import array
from tests.surgery.models import assert_agree, outputs, randomized

X = np.random.default_rng(0).normal(size=(12, 6, 6, 4)).astype("float32")
COPYING = {
    "convert": lambda model: convert(model, "group:2"),
    "fold": fold,
    "recalibrate": lambda model: recalibrate(model, X, verbose=False),
}
LOOKING = {"audit": lambda model: audit(model, X, verbose=False), "freeze": freeze}


class Unbuilt(keras.Model):
    def call(self, x):
        return x


class Secretive(layers.Layer):
    """Its constructor wants what neither its config nor Keras notes down."""

    def __init__(self, size, **options):
        super().__init__(**options)
        self.size = size

    def get_config(self):
        return {"name": self.name}

    def build(self, shape):
        self.weight = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return x * self.weight


@pytest.mark.parametrize("make", [
    lambda: keras.Sequential([layers.Dense(2), layers.BatchNormalization()], name="raw"),
    lambda: Unbuilt(name="raw"),
], ids=["Sequential", "subclass"])  # fmt: skip
@pytest.mark.parametrize("operation", [*COPYING, *LOOKING])
def test_a_model_that_is_not_built(operation, make):
    with pytest.raises(ValueError, match=r"'raw'.*(not built|no functional or Sequential)"):
        (COPYING | LOOKING)[operation](make())


@pytest.mark.parametrize("operation", [*COPYING, *LOOKING])
def test_no_model(operation):
    with pytest.raises(ValueError, match=r"Argument `model`.*Received: model=3"):
        (COPYING | LOOKING)[operation](3)


@pytest.mark.parametrize("operation", COPYING)
def test_a_layer_that_cannot_be_made_from_its_config(operation):
    inner = [
        layers.Conv2D(4, 3),
        layers.BatchNormalization(name="bn"),
        Secretive(iter("ab"), name="own"),
    ]
    model = keras.Sequential([layers.Input((6, 6, 4)), *inner])
    with pytest.raises(ValueError, match=r"(?s)'own' \(Secretive\).*get_config"):
        COPYING[operation](model)
    inside = keras.Sequential([layers.Input((6, 6, 4)), model], name="outer")
    with pytest.raises(ValueError, match=r"(?s)'own' \(Secretive\).*get_config"):
        COPYING[operation](inside)


@pytest.mark.parametrize("operation", LOOKING)
def test_what_makes_no_copy_needs_no_config(operation):
    inner = [layers.BatchNormalization(name="bn"), Secretive(iter("ab"), name="own")]
    report = LOOKING[operation](keras.Sequential([layers.Input((6, 6, 4)), *inner]))
    assert report["bn"]["kind"] == "BatchNormalization"


@pytest.mark.parametrize("axis", [1, 2, [1, 3]])
def test_an_unusual_axis(axis):
    kind = ours.BatchNormalization if isinstance(axis, list) else layers.BatchNormalization
    inner = [layers.Conv2D(4, 1, name="conv"), kind(axis=axis, name="bn")]
    model = randomized(keras.Sequential([layers.Input((6, 6, 4)), *inner]))
    new, report = fold(model)
    assert report["bn"]["done"] == "left"
    assert "axis" in report["bn"]["detail"]
    assert_agree(new, model, 0)
    new, report = convert(model, "group:2")
    assert report["bn"]["done"] == "left"
    assert "axis" in report["bn"]["detail"]
    assert_agree(new, model, 0)
    new, _ = recalibrate(model, X, verbose=False)
    seen = outputs(keras.Model(model.inputs[0], model.get_layer("conv").output), [X])[0]
    kept = axis if isinstance(axis, list) else [axis]
    over = tuple(a for a in range(4) if a not in kept)
    np.testing.assert_allclose(
        array(new.get_layer("bn").moving_mean).ravel(), seen.mean(over).ravel(), atol=1e-5
    )


def shared():
    """One normalizer for two branches of different scales."""
    x = keras.Input((6, 6, 4))
    bn = layers.BatchNormalization(name="bn")
    near, far = (layers.Conv2D(4, 3, name=name)(x) for name in ("near", "far"))
    return randomized(keras.Model(x, layers.Add()([bn(near), bn(far * 10.0)])))


def test_a_normalizer_that_two_branches_share():
    model = shared()
    new, report = fold(model)
    assert report["bn"] == {
        "layer": "bn",
        "done": "left",
        "detail": "it is shared: called several times",
    }
    assert_agree(new, model, 0)
    new, report = convert(model, "ws+group:2")
    assert report["bn"]["done"] == "left"
    assert "it is shared" in report["bn"]["detail"]
    assert_agree(new, model, 0)
    new, report = convert(model, "batch")  # changes nothing around it, so both share the new one
    assert report["bn"]["done"] == "converted"
    assert_agree(new, model, 1e-5)
    for report in (audit(model, X, verbose=False), recalibrate(model, X, verbose=False)[1]):
        assert any("'bn' is called 2 times" in note for note in report.notes)


def test_a_linear_layer_that_two_branches_share():
    x = keras.Input((6, 6, 4))
    conv = layers.Conv2D(4, 3, name="conv")
    near, far = (layers.BatchNormalization(name=name) for name in ("near", "far"))
    model = randomized(keras.Model(x, layers.Add()([near(conv(x)), far(conv(x * 2.0))])))
    new, report = fold(model)
    for name in ("near", "far"):
        assert report[name]["done"] == "left"
        assert "'conv' is shared" in report[name]["detail"]
    assert_agree(new, model, 0)
    new, report = convert(model, "ws+group:2")
    for name in ("near", "far"):
        assert report[name]["done"] == "converted"
        assert "weights as they were" in report[name]["detail"]
    assert len(new.get_layer("conv")._inbound_nodes) == 2
