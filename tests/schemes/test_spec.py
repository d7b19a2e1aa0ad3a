"""Specs, what they make, and errors that name what would have been right."""

from __future__ import annotations

import json

import keras
import pytest

import keras_norms
from keras_norms import layers
from keras_norms.schemes.registry import REGISTRY, known_as
from tests.conformance.case import draw

NORMALIZERS = {
    "batch": layers.BatchNormalization,
    "group": layers.GroupNormalization,
    "instance": layers.InstanceNormalization,
    "layer": layers.LayerNormalization,
    "rms": layers.RMSNormalization,
}
SPECS = {name: "group:2" if name == "group" else name for name in NORMALIZERS}


def of_dense(spec, activation="relu"):
    return keras_norms.get(spec)(keras.layers.Dense(4), activation)


def test_names():
    names = keras_norms.names()
    assert {*NORMALIZERS, "none", "ghost", "evonorm_s0", "ws"} <= set(names)
    assert names == sorted(names)


@pytest.mark.parametrize(("spec", "kinds"), [
    ("ws+group:2", ["WeightStandardization", "GroupNormalization", "Activation"]),
    ("group:2+ws", ["WeightStandardization", "GroupNormalization", "Activation"]),
    ("weight+mean_only", ["WeightNormalization", "MeanOnlyBatchNormalization", "Activation"]),
    ("proxy(layer)", ["Dense", "LayerNormalization", "ProxyNormalization"]),
    ("global_response", ["Dense", "Activation", "GlobalResponseNormalization"]),
    ("poly", ["Dense", "PolyNormalization"]),
    ("sws:activation=tanh+evonorm_b0", ["ScaledWeightStandardization", "EvoNormB0"]),
    ("cross_iteration:window=2", ["CrossIterationBatchNormalization", "Activation"]),
])  # fmt: skip
def test_combinations(spec, kinds):
    unit = of_dense(spec)
    assert [type(layer).__name__ for layer in unit.layers] == kinds
    assert unit(draw((6, 3))).shape == (6, 4)
    assert str(keras_norms.get(str(keras_norms.get(spec)))) == str(keras_norms.get(spec))


@pytest.mark.parametrize("spec", ["weight+mean_only", "weight+batch", "cross_iteration"])
def test_a_wrapped_layer_loses_its_useless_bias(spec):
    assert not of_dense(spec).layers[0].layer.use_bias


@pytest.mark.parametrize(("spec", "canonical", "arguments"), [
    ("group:groups=8", "group:groups=8", {"groups": 8}),
    ("group:8", "group:groups=8", {"groups": 8}),
    (" group:8 ", "group:groups=8", {"groups": 8}),
    ("batch", "batch", {"momentum": 0.99}),
    ("none+batch", "batch", {}),
    ("batch:momentum=0.9,unbiased=True", "batch:momentum=0.9,unbiased=true",
     {"momentum": 0.9, "unbiased": True}),
    ("batch:momentum=None", "batch:momentum=none", {"momentum": None}),
    ("rms:epsilon=1e-3", "rms:epsilon=0.001", {"epsilon": 1e-3}),
    ("instance:center=False", "instance:center=false", {"center": False}),
    ("layer:gamma_initializer=zeros", "layer:gamma_initializer=zeros", {}),
])  # fmt: skip
def test_spec_strings(spec, canonical, arguments):
    scheme = keras_norms.get(spec)
    assert str(scheme) == canonical
    assert str(keras_norms.get(str(scheme))) == canonical
    assert scheme.name == canonical.partition(":")[0]
    norm = scheme(keras.layers.Dense(16)).layers[1]
    assert {key: norm.get_config()[key] for key in arguments} == arguments


@pytest.mark.parametrize(("spec", "words"), [
    ("bach", ["bach", "'batch'"]),
    ("Layr", ["Layr", "'layer'"]),
    ("zzz", ["zzz", "batch", "group", "instance", "layer", "none", "rms", "ws"]),
    ("", ["batch", "rms"]),
    ("group:group=8", ["group=8", "'groups'"]),
    ("batch:momentun=0.9", ["momentun", "'momentum'"]),
    ("rms:center=False", ["center", "epsilon"]),
    ("none:epsilon=1", ["epsilon"]),
    ("none:8", ["8"]),
    ("group:groups=0", ["groups", "0"]),
    ("group:groups=many", ["groups", "many"]),
    ("group:8,8", ["8,8"]),
    ("group(8", ["parenthesis", "group"]),
    ("group(8)", ["group(8)", "parenthesis", "group:groups=8"]),
    ("group(layer)", ["group(layer)", "parenthesis", "group:8"]),
    ("batch+group:2", ["batch", "group", "more than one"]),
    ("batch+weird", ["weird"]),
    ("ws+weight", ["ws", "weight", "more than one weight reparameterization"]),
    ("cross_iteration+batch", ["more than one activation normalizer"]),
    ("ws+cross_iteration", ["layer", "Dense", "WeightStandardization"]),
    ("proxy", ["proxy(group:8)"]),
    ("proxy(batch)", ["proxy(batch)", "batch"]),
    ("proxy(evonorm_b0)", ["activation"]),
    ("proxy(ws)", ["proxy(ws)"]),
    ("proxy(layer):samples=1", ["samples", "1"]),
    ("ghost:0", ["virtual_batch_size", "0"]),
    ("cross_iteration:window=0", ["window", "0"]),
    ("renorm:r_max=0.5", ["r_max", "0.5"]),
    ("variance:moving_mean_initializer=zeros", ["moving_mean_initializer"]),
    ("batch:momentum=2", ["momentum", "2"]),
    ("batch:epsilon=-1", ["epsilon", "-1"]),
    ("batch:name=a", ["name"]),
    ({"class": "batch"}, ["class"]),
    ({"spec": "bach"}, ["bach", "'batch'"]),
    (7, ["7"]),
    (keras.layers.Dense, ["Dense"]),
])  # fmt: skip
def test_wrong_specs_name_the_nearest_right_one(spec, words):
    with pytest.raises(ValueError, match="spec") as error:
        keras_norms.get(spec)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(("typed", "name"), [
    ("bn", "batch"), ("gn", "group"), ("ln", "layer"), ("in", "instance"), ("IN", "instance"),
    ("frn", "filter_response"), ("BatchNorm", "batch"), ("batch_norm", "batch"),
    ("BatchNorm2d", "batch"), ("BatchNormalization", "batch"), ("Batch", "batch"),
    ("batchnorm", "batch"), ("LayerNorm", "layer"), ("RMSNorm", "rms"), ("rms_norm", "rms"),
    ("GroupNorm", "group"), ("InstanceNorm1d", "instance"), ("BatchRenormalization", "renorm"),
    ("batch_renorm", "renorm"), ("spectral_norm", "spectral"), ("weight_norm", "weight"),
    ("EvoNormS0", "evonorm_s0"), ("evonorm-s0", "evonorm_s0"), ("dyt", "dynamic_tanh"),
    ("derf", "dynamic_erf"), ("WeightStandardization", "ws"), ("unit_normalisation", "unit"),
])  # fmt: skip
def test_what_people_type(typed, name):
    assert keras_norms.get(typed).name == name
    if name == "batch":
        assert str(keras_norms.get(f"{typed}:momentum=0.5+ws")) == "batch:momentum=0.5+ws"


def test_no_name_means_two():
    for name, entry in REGISTRY.items():
        for said in (name, entry.kind.__name__, *entry.also):
            assert known_as(said) == name


SMALL = ("group", "evonorm_s0", "evonorm_s1", "proxy(group)", "gn")


@pytest.mark.parametrize("spec", SMALL)
@pytest.mark.parametrize(("linear", "shape", "groups"), [
    (lambda: keras.layers.Conv2D(24, 1), (2, 3, 3, 5), 8),
    (lambda: keras.layers.Conv2D(64, 1), (2, 3, 3, 5), 32),
    (lambda: keras.layers.Conv2D(7, 1), (2, 3, 3, 5), 1),
    (lambda: keras.layers.SeparableConv2D(24, 1), (2, 3, 3, 5), 8),
    (lambda: keras.layers.DepthwiseConv2D(1), (2, 3, 3, 12), 4),
    (lambda: keras.layers.Dense(48), (2, 5), 16),
    (lambda: keras.layers.Dense(32), (2, 5), 16),  # 32 groups would have one value each
    (lambda: keras.layers.Dense(1), (2, 5), 1),
    (lambda: keras.layers.EinsumDense("ab,bc->ac", 12), (2, 5), 4),
])  # fmt: skip
def test_groups_that_are_not_written_fit_the_channels(spec, linear, shape, groups):
    for laid in (True, False):
        block = keras_norms.get(spec)(linear(), "relu")
        block(keras.Input(shape[1:]) if laid else draw(shape))
        assert block.layers[1].groups == groups
        assert block.layers[1].get_config()["groups"] == groups


def test_groups_that_do_not_divide_the_channels():
    with pytest.raises(ValueError, match="groups"):
        keras_norms.get("group:groups=3")(keras.layers.Dense(4))(draw((2, 3)))


@pytest.mark.parametrize("spec", [
    "group:groups=2",
    layers.GroupNormalization(groups=2),
    lambda: layers.GroupNormalization(groups=2),
    keras_norms.get("group:2"),
    keras_norms.serialize("group:2"),
    keras_norms.serialize(layers.GroupNormalization(groups=2)),
])  # fmt: skip
def test_every_kind_of_spec(spec):
    """Each call makes a layer of its own: two units must never share weights."""
    scheme = keras_norms.get(spec)
    one, two = (scheme(keras.layers.Dense(4)).layers[1] for _ in range(2))
    assert type(one) is layers.GroupNormalization
    assert one.groups == 2
    assert one is not two
    assert one is not spec
    one.build((2, 4))
    two.build((2, 4))
    assert one.gamma is not two.gamma


@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_class_is_its_name(name):
    unit = of_dense(NORMALIZERS[name])
    assert type(unit.layers[1]) is NORMALIZERS[name]
    assert unit(draw((2, 3))).shape == (2, 4)


def test_a_layer_of_keras():
    unit = of_dense(keras.layers.BatchNormalization(momentum=0.5))
    assert type(unit.layers[1]) is keras.layers.BatchNormalization
    assert unit.layers[1].momentum == 0.5
    assert not unit.layers[0].use_bias


@pytest.mark.parametrize("spec", [*SPECS.values(), "none", "batch:momentum=None,center=False"])
def test_serialization(spec):
    written = json.loads(json.dumps(keras_norms.serialize(spec)))
    assert str(keras_norms.get(written)) == str(keras_norms.get(spec))


def test_a_function_cannot_be_serialized():
    with pytest.raises(ValueError, match="function"):
        keras_norms.serialize(lambda: layers.RMSNormalization())
