"""Rebuilding: a copy to the last bit, but for the layers that are replaced."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.surgery.rebuild import rebuild
from tests.surgery.models import assert_agree, kinds, outputs, randomized, values


def chain():
    return keras.Sequential(
        [layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(name="bn"),
         layers.Activation("relu"), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    )  # fmt: skip


def residual():
    x = start = keras.Input((8, 8, 4))
    x = layers.Conv2D(4, 3, padding="same")(x)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.Dropout(0.5)(layers.add([x, start]))
    return keras.Model(start, keras.ops.relu(x) * 2 + 1)


def several():
    """Shared layers, masks, two inputs, a dict of outputs, a function."""
    words, other = keras.Input((7,), dtype="int32", name="words"), keras.Input((6,), name="other")
    shared = layers.Dense(6, name="shared")
    x = shared(layers.Embedding(9, 6, mask_zero=True, name="embedding")(words))
    x = layers.LSTM(4)(layers.BatchNormalization(name="bn")(x))
    y = shared(other)
    outer = np.float32(3)
    both = layers.Add()([x, layers.Dense(4)(y)])
    return keras.Model([words, other], {"sum": both, "more": layers.Lambda(lambda v: v * outer)(y)})


def nested():
    inner, start = chain(), keras.Input((8, 8, 3))
    return keras.Model(start, layers.Concatenate()([inner(start), inner(start * 2)]))


class Stepping(keras.Model):
    """A functional core with methods of its own."""

    def answer(self):
        return 42


class Fixed(keras.Model):
    """A functional core that its constructor makes."""

    def __init__(self, width):
        x = keras.Input((4,))
        super().__init__(x, layers.BatchNormalization(name="bn")(layers.Dense(width)(x)))


def subclass():
    x = keras.Input((4,))
    return Stepping(x, layers.BatchNormalization(name="bn")(layers.Dense(3)(x)))


MODELS = [chain, residual, several, nested, subclass, lambda: Fixed(3)]


def everywhere(model):
    """All layers, inner ones too."""
    return [layer for layer in model._flatten_layers() if layer is not model]


@pytest.mark.parametrize("make", MODELS)
def test_a_copy_to_the_last_bit(make):
    model = randomized(make())
    before, expected = values(model), outputs(model)
    new = rebuild(model)
    assert_agree(new, model, 0)
    assert kinds(new) == kinds(model)
    assert [v.path for v in new.weights] == [v.path for v in model.weights]
    old = {id(layer) for layer in everywhere(model)}
    assert not any(id(layer) in old for layer in everywhere(new))
    for variable in new.weights:
        variable.assign(variable + 1)
    for one, other in zip(before + expected, values(model) + outputs(model), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make", MODELS)
def test_one_layer_becomes_none_or_several(make):
    model = randomized(make())
    for count in (0, 2):

        def replace(layer, count=count):
            if type(layer) is layers.BatchNormalization:
                return [layers.Activation("linear", name=f"made_{i}") for i in range(count)]
            return None

        new = rebuild(model, replace)
        found = [layer for layer in everywhere(new) if layer.name.startswith("made")]
        assert len(found) == count
        assert not any(isinstance(layer, layers.BatchNormalization) for layer in everywhere(new))
        outputs(new)


def test_shared_layers_stay_shared():
    new = rebuild(several())
    assert len(new.get_layer("shared")._inbound_nodes) == 2
    new = rebuild(nested(), lambda layer: [layers.ReLU()] if layer.name == "bn" else None)
    assert len([layer for layer in everywhere(new) if isinstance(layer, layers.ReLU)]) == 1


def test_masks_go_where_they_went():
    model = randomized(several())
    words, other = np.array([[1, 2, 0, 0, 0, 0, 0]]), np.ones((1, 6))
    for new in (rebuild(model), rebuild(model, lambda layer: [] if layer.name == "bn" else None)):
        before = outputs(new, [words, other])[0]
        table = new.get_layer("embedding").embeddings
        table.assign(np.concatenate([np.full((1, 6), 50.0), keras.ops.convert_to_numpy(table)[1:]]))
        np.testing.assert_array_equal(outputs(new, [words, other])[0], before)


def test_call_arguments_are_dropped_where_they_are_not_taken():
    x = keras.Input((5, 4))
    model = keras.Model(x, layers.BatchNormalization(name="bn")(layers.Masking()(x), training=True))
    kept = rebuild(model)
    assert kept.get_layer("bn")._inbound_nodes[0].arguments.kwargs["training"] is True
    new = rebuild(model, lambda layer: [layers.ReLU()] if layer.name == "bn" else None)
    outputs(new)


def test_what_is_trained_and_what_is_not():
    model = nested()
    model.layers[1].layers[0].trainable = False
    new = rebuild(model)
    assert [v.path for v in new.trainable_weights] == [v.path for v in model.trainable_weights]
    model.trainable = False
    assert rebuild(model).trainable_weights == []


def test_a_subclass_stays_one_where_its_constructor_takes_the_graph():
    assert rebuild(subclass()).answer() == 42
    assert type(rebuild(subclass())) is Stepping
    assert not isinstance(rebuild(Fixed(3)), Fixed)


def test_the_new_model_saves_and_loads(tmp_path):
    new = rebuild(randomized(residual()))
    new.save(tmp_path / "new.keras")
    assert_agree(keras.models.load_model(tmp_path / "new.keras"), new, 0)


class Stubborn(layers.Layer):
    """Its config does not tell its size, nor can Keras note it down."""

    def __init__(self, size, **options):
        super().__init__(**options)
        self.size = size

    def get_config(self):
        return {"name": self.name}

    def build(self, shape):
        self.add_weight(shape=(getattr(self, "length", 3),), name="w")

    def call(self, x):
        return x * 1.0


class Forgetful(Stubborn):
    """Its config gives another layer, without an error."""

    def __init__(self, size=3, **options):
        super().__init__(size, **options)
        self.length = size


@pytest.mark.parametrize(("layer", "said"), [
    (lambda: Stubborn(iter("ab"), name="s"), r"(?s)'s' .Stubborn.*from its config.*get_config"),
    (lambda: Forgetful(5, name="f"), r"'f' .Forgetful.*\(3,\).*instead of .*\(5,\)"),
])  # fmt: skip
def test_what_cannot_be_made_from_its_config_is_named(layer, said):
    with pytest.raises(ValueError, match=said):
        rebuild(keras.Sequential([layers.Input((3,)), layer()]))


def test_bad_input():
    class Program(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="no functional or Sequential"):
        rebuild(Program(name="p"))
    with pytest.raises(ValueError, match=r"'raw'.*not built"):
        rebuild(keras.Sequential([layers.Dense(2)], name="raw"))
    with pytest.raises(ValueError, match="joins several"):
        rebuild(residual(), lambda layer: [] if isinstance(layer, layers.Add) else None)
