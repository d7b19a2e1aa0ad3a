"""Files, configurations and clones."""

from __future__ import annotations

import inspect
import json

import keras
import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw
from tests.gradients import array, randomize


class Saving:
    case: Case

    def model(self, **overrides):
        """A functional model around the layer, with every weight and statistic away from rest."""
        inputs = keras.Input(SHAPE[1:])
        layer = self.case.make(**overrides)
        model = keras.Model(inputs, keras.layers.Dense(2)(layer(inputs)))
        randomize(layer)
        layer(draw(SHAPE, 3), training=True)
        return model

    def test_a_saved_model_is_the_same_model(self, tmp_path):
        model = self.model()
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert type(loaded.layers[1]) is self.case.layer
        _assert_alike(model, loaded)

    def test_a_weights_file(self, tmp_path):
        model, other = self.model(), self.model()
        model.save_weights(tmp_path / "model.weights.h5")
        other.load_weights(tmp_path / "model.weights.h5")
        _assert_alike(model, other)

    def test_a_clone(self):
        model = self.model()
        clone = keras.models.clone_model(model)
        clone.set_weights(model.get_weights())
        assert clone.layers[1] is not model.layers[1]
        _assert_alike(model, clone)

    @pytest.mark.full
    def test_it_can_stand_where_another_layer_stood(self):
        """`clone_model` hands on what the replaced layer was called with, its mask included."""
        tokens = keras.Input((5,), dtype="int32")
        hidden = keras.layers.Embedding(7, 4, mask_zero=True)(tokens)
        hidden = keras.layers.BatchNormalization(name="norm")(hidden)
        model = keras.Model(tokens, keras.layers.Dense(2)(hidden))

        def swap(layer):
            return (
                self.case.make()
                if layer.name == "norm"
                else layer.__class__.from_config(layer.get_config())
            )

        swapped = keras.models.clone_model(model, clone_function=swap)
        assert any(isinstance(layer, self.case.layer) for layer in swapped.layers)
        assert np.isfinite(swapped.predict(np.array([[1, 2, 0, 0, 0]]), verbose=0)).all()

    def test_the_configuration_survives_building(self, example):
        settings, shape = example
        layer = self.case.layer(**settings)
        before = layer.get_config()
        layer.build(shape)
        assert layer.get_config() == before
        for name, value in settings.items():
            assert before[name] == value
        json.dumps(before)

    def test_the_configuration_makes_the_same_layer(self, example):
        settings, shape = example
        layer = self.case.layer(**settings)
        twin = self.case.layer.from_config(layer.get_config())
        assert twin.get_config() == layer.get_config()
        layer.build(shape)
        late = keras.layers.deserialize(keras.layers.serialize(layer))
        late.built or late.build(shape)
        assert type(late) is self.case.layer
        assert [(v.name, v.shape) for v in late.weights] == [
            (v.name, v.shape) for v in layer.weights
        ]

    def test_the_configuration_has_every_argument(self):
        arguments = inspect.signature(self.case.layer.__init__).parameters.values()
        named = {a.name for a in arguments if a.kind is not a.VAR_KEYWORD} - {"self"}
        named -= set(getattr(self, "unoffered", ()))
        assert named <= set(self.case.make().get_config())


def _assert_alike(model, other):
    x = draw(SHAPE, 4)
    for training in (False, True):
        got, wanted = array(other(x, training=training)), array(model(x, training=training))
        np.testing.assert_allclose(got, wanted, atol=1e-6)
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
