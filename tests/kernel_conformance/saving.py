"""Files, clones, configurations, and the plain layer that remains."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from keras_norms.weights import Reparameterization
from tests.conformance.case import draw
from tests.gradients import array
from tests.kernel_conformance.linears import LINEARS
from tests.kernel_conformance.wrapped import Wrapped


class Saving(Wrapped):
    def test_stripped_it_is_the_plain_layer(self, linear):
        wrapper, _ = self.built(linear)
        plain, x = wrapper.strip(), draw(LINEARS[linear].shape)
        assert type(plain) is type(wrapper.layer)
        assert plain.name == wrapper.layer.name
        np.testing.assert_allclose(array(plain(x)), array(wrapper(x)), rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(array(plain.bias.value), array(wrapper.layer.bias.value))

    def test_a_stripped_model(self):
        model, x = self.model(), draw((6, 8, 8, 3))

        def plain(layer):
            return layer.strip() if isinstance(layer, Reparameterization) else layer

        stripped = keras.models.clone_model(model, clone_function=plain)
        assert not any(isinstance(layer, Reparameterization) for layer in stripped.layers)
        wanted = model.predict(x, verbose=0)
        np.testing.assert_allclose(stripped.predict(x, verbose=0), wanted, rtol=1e-4, atol=1e-5)

    def test_strip_of_what_is_not_built(self):
        with pytest.raises(ValueError, match="not built"):
            self.wrap().strip()

    def test_a_saved_model_is_the_same_model(self, tmp_path):
        model = self.model()
        model.save(tmp_path / "model.keras")
        _assert_alike(model, keras.models.load_model(tmp_path / "model.keras"))

    def test_a_weights_file(self, tmp_path):
        model, other = self.model(), self.model()
        for variable in other.variables:
            variable.assign(array(variable.value) * 0.5)
        model.save_weights(tmp_path / "model.weights.h5")
        other.load_weights(tmp_path / "model.weights.h5")
        _assert_alike(model, other)

    def test_a_clone(self):
        model = self.model()
        clone = keras.models.clone_model(model)
        clone.set_weights(model.get_weights())
        assert clone.layers[1].layer is not model.layers[1].layer
        _assert_alike(model, clone)

    def test_the_configuration(self, linear):
        wrapper = self.wrap(linear)
        before = wrapper.get_config()
        wrapper.build(LINEARS[linear].shape)
        json.dumps(before)
        assert wrapper.get_config() == before
        again = self.kind.from_config(wrapper.get_config())
        assert again.get_config() == before
        again.build(LINEARS[linear].shape)
        shapes = [(v.name, tuple(v.shape)) for v in wrapper.variables]
        assert [(v.name, tuple(v.shape)) for v in again.variables] == shapes


def _assert_alike(model, other):
    x = draw((6, 8, 8, 3), 4)
    wanted = model.predict(x, verbose=0)
    np.testing.assert_allclose(other.predict(x, verbose=0), wanted, rtol=1e-5, atol=1e-6)
    for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
