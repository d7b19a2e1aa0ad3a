"""Conversion: other normalizers in the same places, with what means the same."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import layers as ours
from keras_norms.surgery.convert import convert
from tests.gradients import BACKEND, array
from tests.surgery.models import assert_agree, example, kinds, network, outputs, randomized, values

BATCH = layers.BatchNormalization
SPECS = ["batch_group", "dynamic_tanh", "evonorm_b0", "evonorm_s0:2", "filter_response", "ghost",
         "group:2", "instance", "instance_enhancement", "layer", "lp", "mean_only", "none",
         "proxy(group:2)", "renorm", "rms", "sws", "switchable", "unit", "variance",
         "weight+batch", "ws+group:2", "spectral+layer"]  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.mark.parametrize("spec", SPECS)
def test_every_spec_builds_runs_and_leaves_the_old_model_alone(model, spec):
    before = values(model)
    if spec == "instance":  # which leaves nothing of a vector
        with pytest.raises(ValueError, match=r"'dense_bn'.*no longer depend"):
            convert(model, spec)
        return
    new, report = convert(model, spec)
    assert sum(isinstance(layer, BATCH) for layer in new.layers) == ("proxy" in spec)
    # Keras's LeakyReLU is no function that could be applied to a proxy as well.
    refused = "left" if "proxy" in spec else "converted"
    assert [row["done"] for row in report] == ["converted", "converted", refused]
    assert [row["layer"] for row in report] == ["bn", "last", "dense_bn"]
    assert all(np.isfinite(y).all() for y in outputs(new))
    for old, kept in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(old, kept)
    np.testing.assert_array_equal(
        array(new.get_layer("head").kernel), array(model.get_layer("head").kernel)
    )


def test_batch_to_ours_to_kerass_is_the_same_model(model):
    middle, report = convert(model, "batch")
    assert_agree(middle, model, 1e-6)
    assert "Keras BatchNormalization to BatchNormalization" in report["bn"]["detail"]
    back, _ = convert(middle, keras.layers.BatchNormalization)
    assert_agree(back, model, 0)
    for new, old in zip(back.layers, model.layers, strict=True):
        assert new.get_config() == old.get_config()


def test_gamma_beta_and_their_options_are_carried(model):
    new, _ = convert(model, "group:2")
    for name in ("bn", "last", "dense_bn"):
        norm, old = new.get_layer(name), model.get_layer(name)
        assert (norm.scale, norm.center) == (old.scale, old.center)
        np.testing.assert_array_equal(array(norm.beta), array(old.beta))
        if old.scale:
            np.testing.assert_array_equal(array(norm.gamma), array(old.gamma))
    assert new.get_layer("bn").epsilon == ours.GroupNormalization().epsilon


@pytest.mark.parametrize(("to", "kept"), [("batch", True), ("lp", True), ("ghost", False)])
def test_synchronized_is_carried_where_it_has_a_meaning(to, kept):
    # Keras's own has it on TensorFlow alone.
    kind = BATCH if BACKEND == "tensorflow" else ours.BatchNormalization
    new, _ = convert(network(partial(kind, synchronized=True)), to)
    assert new.get_layer("bn").synchronized is kept


def test_arguments_in_the_spec_win(model):
    norm = convert(model, "batch:momentum=0.5,center=False")[0].get_layer("bn")
    assert (norm.momentum, norm.center, norm.epsilon) == (0.5, False, 0.01)


@pytest.mark.parametrize("kind", [
    lambda: layers.LayerNormalization(), lambda: layers.GroupNormalization(2),
    lambda: layers.RMSNormalization(), lambda: BATCH(), lambda: ours.LayerNormalization(),
    lambda: ours.InstanceNormalization(),
])  # fmt: skip
def test_every_kind_is_recognized(kind):
    model = randomized(keras.Sequential([layers.Input((6, 6, 4)), layers.Conv2D(4, 3), kind()]))
    new, _ = convert(model, "group:4")
    assert kinds(new) == ["Conv2D", "GroupNormalization"]
    assert new.layers[1].groups == 4
    np.testing.assert_array_equal(
        array(new.layers[1].gamma).ravel(), model.layers[1].get_weights()[0]
    )


def test_where(model):
    for where in (["bn"], "bn", lambda layer: layer.name == "bn"):
        new, report = convert(model, "group:2", where)
        assert [row["layer"] for row in report] == ["bn"]
        assert isinstance(new.get_layer("last"), BATCH)
    with pytest.raises(ValueError, match=r"'dens_bn'.*Did you mean 'dense_bn'.*'last'"):
        convert(model, "group:2", ["dens_bn"])
    with pytest.raises(ValueError, match="Argument `where`"):
        convert(model, "group:2", 3)


def test_absorbed_activations(model):
    new, report = convert(model, "evonorm_b0")
    names = [layer.name for layer in new.layers]
    assert "relu" not in names
    assert "leaky_re_lu" not in names
    assert "absorbs 'relu'" in report["bn"]["detail"]
    assert "absorbs" not in report["last"]["detail"]
    assert "Activation" in kinds(new)  # after the sum it is not the normalizer's
    new, _ = convert(model, "filter_response")
    assert isinstance(new.get_layer("relu"), ours.ThresholdedLinearUnit)
    assert kinds(new).count("ThresholdedLinearUnit") == 2
    new, report = convert(model, "proxy(group:2)")
    assert kinds(new).count("ProxyNormalization") == 2
    assert "'leaky_re_lu'" in report["dense_bn"]["detail"]


def test_none_keeps_beta_as_the_bias_that_was_missing(model):
    new, report = convert(model, "none")
    assert not any("Norm" in kind for kind in kinds(new))
    np.testing.assert_array_equal(
        array(new.get_layer("stem").bias), array(model.get_layer("bn").beta)
    )
    np.testing.assert_array_equal(
        array(new.get_layer("conv").bias), array(model.get_layer("conv").bias)
    )
    assert "beta is the bias of 'stem' now" in report["bn"]["detail"]


def test_what_is_made_with_its_linear_layer_is_refused(model):
    with pytest.raises(ValueError, match=r"'cross_iteration' is made together"):
        convert(model, "cross_iteration")


@pytest.mark.parametrize(("layer", "said"), [
    (lambda: ours.BatchNormalization([1, 2, 3]), "not the channels alone"),
    (lambda: BATCH(axis=2), "axis 2"),
    (lambda: ours.LayerNormalization([1, 2]), "axis"),
    (lambda: ours.EvoNormB0(), "more than a normalizer"),
    (lambda: layers.TimeDistributed(BATCH(), name="t"), "inside 't'"),
])  # fmt: skip
def test_what_cannot_be_converted_is_left_and_named(layer, said):
    model = keras.Sequential([layers.Input((6, 6, 4)), layer(), layers.ReLU()])
    new, report = convert(model, "group:2")
    (row,) = report
    assert row["done"] == "left"
    assert said in row["detail"]
    assert_agree(new, model, 0)


def test_shared_normalizers_stay_shared():
    x = keras.Input((4,))
    norm = BATCH(name="bn")
    model = keras.Model(x, layers.Add()([norm(layers.Dense(4)(x)), layers.ReLU()(norm(x))]))
    new, _ = convert(model, "layer")
    assert len(new.get_layer("bn")._inbound_nodes) == 2
    for spec in ("evonorm_b0", "ws+group:2"):
        (row,) = convert(model, spec)[1]
        assert "it is shared" in row["detail"]


def test_channels_first_and_inner_models():
    inner = keras.Sequential([layers.Input((4, 6, 6)), BATCH(axis=1, name="bn")], name="inner")
    x = keras.Input((4, 6, 6))
    new, report = convert(keras.Model(x, inner(inner(x))), "group:2")
    assert new.get_layer("inner").get_layer("bn").axis == 1
    assert [row["layer"] for row in report] == ["inner/bn"]
    outputs(new)


def test_a_mask_meets_layers_without_one():
    """Cloning with a `clone_function` crashes here: the graph hands on a mask."""
    x = keras.Input((5, 4))
    model = keras.Model(x, BATCH()(layers.Masking()(x)))
    for to in ("group:2", lambda: layers.GroupNormalization(2)):
        outputs(convert(model, to)[0])


def test_a_converted_model_trains_saves_and_loads(model, tmp_path):
    new, _ = convert(model, "ws+group:2")
    new.compile("sgd", "mse")
    x = example(new)[0]
    assert np.isfinite(new.fit(x, np.ones((3, 3)), verbose=0).history["loss"]).all()
    new.save(tmp_path / "new.keras")
    assert_agree(keras.models.load_model(tmp_path / "new.keras"), new, 0)


@pytest.mark.full
@pytest.mark.parametrize("spec", ["filter_response", "ws+group:8"])
def test_a_model_of_keras_applications(spec):
    model = keras.applications.MobileNet((32, 32, 3), 0.25, weights=None, classes=10)
    new, report = convert(model, spec)
    assert {row["done"] for row in report} == {"converted"}
    assert len(report) == 27
    assert not any(isinstance(layer, BATCH) for layer in new.layers)
    assert ("ReLU" in kinds(new)) is (spec != "filter_response")
