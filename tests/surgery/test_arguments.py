"""Every argument of a normalizer is carried by `convert`, or named as lost."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import layers as ours
from keras_norms.schemes import get
from keras_norms.surgery import convert
from keras_norms.surgery.replacement import attach
from keras_norms.surgery.transfer import _AVERAGING, _OF_THE_PLACE
from tests.gradients import array
from tests.surgery.models import network

# A value other than the default, by the name or by the kind of an argument.
OTHERS = {
    "momentum": 0.7, "epsilon": 0.02, "renorm": True, "renorm_momentum": 0.8, "groups": 2,
    "renorm_clipping": {"rmax": 3.0, "rmin": 0.3, "dmax": 5.0}, "virtual_batch_size": 4,
    "dtype": "mixed_bfloat16", "p": 1, "power": 3.0,
}  # fmt: skip
KINDS = [
    *_AVERAGING, layers.LayerNormalization, layers.GroupNormalization, layers.RMSNormalization,
    ours.GroupNormalization, ours.LayerNormalization, ours.RMSNormalization,
    ours.InstanceNormalization,
]  # fmt: skip
TARGETS = [
    "batch", "renorm", "ghost", "mean_only", "variance", "switchable", "group:2", "layer", "rms",
    layers.BatchNormalization, layers.GroupNormalization(2), layers.LayerNormalization,
]  # fmt: skip


def other(name, default):
    """A value for an argument that is not its default, or None."""
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, (int, float)):
        return default * 2 + 1
    if name.endswith("regularizer"):
        return "l2"
    if name.endswith("constraint"):
        return "non_neg"
    if name.endswith("initializer"):
        return "ones" if "Zeros" in str(default) else "zeros"
    return None


def variants(kind):
    """Layers of a kind, each with one argument that is not its default."""
    for name, default in kind().get_config().items():
        value = other(name, default)
        if name in _OF_THE_PLACE or value is None:
            continue
        try:
            layer = kind(**{name: value, "name": f"bn_{name}"})
        except (ValueError, TypeError):  # not a value that this class takes
            continue
        if layer.get_config()[name] != default:
            yield name, layer


def convolution(layer):
    return keras.Sequential([layers.Input((6, 6, 4)), layers.Conv2D(4, 3), layer])


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k.__module__.split('.')[0]}-{k.__name__}")
def test_no_argument_is_lost_without_a_word(kind):
    found = dict(variants(kind))
    assert len(found) >= 3
    for layer in found.values():
        layer.build((None, 4, 4, 32))
    for to in TARGETS:
        scheme = get(to)
        for name, layer in found.items():
            made = attach(scheme, layer, layers.Conv2D(32, 1))
            carried = made.layers[0].get_config().get(name) == layer.get_config()[name]
            said = f"{name}=" in made.said or (name, to) == ("renorm", "renorm")
            assert carried or said or name == "groups", (name, to, made.said)


@pytest.mark.parametrize("kind", [ours.BatchNormalization, layers.BatchNormalization])
def test_what_the_new_kind_refuses_is_named_and_the_rest_is_carried(kind):
    if kind is layers.BatchNormalization and keras.backend.backend() != "tensorflow":
        pytest.skip("Keras synchronizes on TensorFlow alone")
    model = convolution(kind(synchronized=True, momentum=0.7, name="bn"))
    new, report = convert(model, "ghost")
    assert report["bn"]["done"] == "converted"
    assert "without synchronized=True" in report["bn"]["detail"]
    assert new.get_layer("bn").momentum == 0.7


@pytest.mark.parametrize("renorm", [ours.BatchNormalization, layers.BatchNormalization])
@pytest.mark.parametrize("plain", [layers.BatchNormalization, ours.BatchRenormalization])
def test_a_renormalization_begins_where_the_plain_one_was(renorm, plain):
    """The inference after a step at momentum 1 is that of before: no average began anew."""
    model = convolution(plain(momentum=1.0, name="bn"))
    draw = np.random.default_rng(0)
    old = model.layers[-1]
    old.moving_mean.assign(draw.normal(size=4))
    old.moving_variance.assign(draw.uniform(2, 5, size=4))
    new, _ = convert(model, lambda: renorm(renorm=True, renorm_momentum=1.0), check=False)
    x = draw.normal(size=(2, 6, 6, 4)).astype("float32")
    inference = array(new(x, training=False))
    # Unbounded, renormalization gives in training what its averages give.
    np.testing.assert_allclose(array(new(x, training=True)), inference, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(array(new(x, training=False)), inference, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(array(model(x, training=False)), inference, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["unbiased", "statistics_gradient", "debiased", "synchronized"])
def test_arguments_of_one_kind_are_carried(name):
    default = ours.BatchNormalization().get_config()[name]
    new, report = convert(convolution(ours.BatchNormalization(**{name: not default})), "batch")
    assert getattr(new.layers[-1], name) is not default
    assert "without" not in report.rows[0]["detail"]


def test_batch_renormalization_of_keras_stays_one_with_all_of_its_weights():
    options = {
        "renorm": True, "renorm_momentum": 0.8,
        "renorm_clipping": {"rmax": 3.0, "rmin": 0.3, "dmax": 5.0},
    }  # fmt: skip
    model = convolution(layers.BatchNormalization(name="bn", **options))
    draw = np.random.default_rng(0)
    for weight in model.layers[-1].weights:
        weight.assign(draw.uniform(0.5, 1.5, weight.shape))
    new, _ = convert(model, layers.BatchNormalization)
    assert {key: new.layers[-1].get_config()[key] for key in options} == options
    for ours_, theirs in zip(new.layers[-1].weights, model.layers[-1].weights, strict=True):
        np.testing.assert_array_equal(array(ours_), array(theirs))
    new, report = convert(model, "renorm")
    assert "renorm_clipping" in report["bn"]["detail"]
    new, report = convert(model, "batch")
    if report["bn"]["done"] == "converted":
        assert {key: new.layers[-1].get_config()[key] for key in options} == options
    else:
        assert "renorm" in report["bn"]["detail"]


ERASING = ["instance", "group:groups=6", lambda: layers.GroupNormalization(6)]


@pytest.mark.parametrize("shape", [(6,), (1, 6), (1, 1, 6)])
@pytest.mark.parametrize("to", ERASING, ids=["instance", "group", "function"])
def test_what_would_erase_the_network_is_refused_by_name(to, shape):
    x = keras.Input(shape)
    model = keras.Model(x, layers.BatchNormalization(name="bn")(layers.Dense(6)(x)))
    with pytest.raises(ValueError, match=r"'bn'.*no longer depend.*'layer'.*'group:groups=2'"):
        convert(model, to)
    for fine in ("layer", "group:groups=2", "batch", "rms", "group"):
        new, _ = convert(model, fine)
        draws = np.random.default_rng(0).normal(size=(2, 5, *shape)).astype("float32")
        assert np.abs(array(new(draws[0])) - array(new(draws[1]))).max() > 0.1


def test_over_space_one_channel_a_group_is_an_instance():
    model = network()
    _, report = convert(model, "instance", where=["bn", "last"])
    assert [row["done"] for row in report] == ["converted"] * 2
    with pytest.raises(ValueError, match="1 layers, 'dense_bn'"):
        convert(model, "instance")


def test_a_zero_gamma_is_no_erasure():
    model = convolution(layers.BatchNormalization(gamma_initializer="zeros", name="bn"))
    assert convert(model, "group:2")[1]["bn"]["done"] == "converted"
