"""In models: training, shapes, masks, freezing, and what cannot be wrapped."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tests.conformance.case import draw
from tests.gradients import COMPILED, array
from tests.kernel_conformance.wrapped import Wrapped


class Training(Wrapped):
    def test_fit(self):
        keras.utils.set_random_seed(0)
        model, x = self.model(), draw((16, 8, 8, 3))
        before = model.get_weights()
        model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=COMPILED[0])
        y = draw((16, 2), 3)
        losses = model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0).history["loss"]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]
        assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))

    def test_unknown_sizes(self):
        inputs = keras.Input((None, None, 3))
        wrapper = self.kind(layers.Conv2D(4, 2, padding="same"), **self.settings)
        model = keras.Model(inputs, wrapper(inputs))
        for shape in ((2, 4, 3, 3), (1, 2, 5, 3)):
            x = draw(shape)
            wanted = array(wrapper.strip()(x))
            np.testing.assert_allclose(model.predict(x, verbose=0), wanted, atol=1e-5)

    def test_an_empty_batch(self):
        wrapper, _ = self.built()
        assert array(wrapper(np.zeros((0, 5), "float32"), training=True)).shape == (0, 3)

    def test_examples_do_not_depend_on_each_other(self):
        wrapper, _ = self.built()
        x = draw((4, 5))
        together = array(wrapper(x, training=False))
        alone = [array(wrapper(x[i : i + 1], training=False)) for i in range(4)]
        np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-5)

    def test_a_layer_that_is_built_already_keeps_its_kernel(self):
        dense = layers.Dense(3)
        dense.build((None, 5))
        kernel = array(dense.kernel.value)
        wrapper = self.kind(dense, **self.settings)
        wrapper(draw((4, 5)))
        np.testing.assert_array_equal(array(wrapper.layer.kernel.value), kernel)

    def test_masks_go_where_the_plain_layer_sends_them(self):
        tokens = keras.Input((None,), dtype="int32")
        hidden = layers.Embedding(7, 4, mask_zero=True)(tokens)
        output = self.kind(layers.Dense(3), **self.settings)(hidden)
        masked = keras.Model(tokens, layers.GlobalAveragePooling1D()(output))
        got = masked.predict(np.array([[1, 2, 0, 0, 0]]), verbose=0)
        short = masked.predict(np.array([[1, 2]]), verbose=0)
        np.testing.assert_allclose(got, short, atol=1e-5)
        conv = self.kind(layers.Conv1D(3, 2), **self.settings)
        assert conv.supports_masking == conv.layer.supports_masking

    def test_regularizers_and_constraints_of_the_wrapped_layer(self):
        wrapper = self.wrap(
            kernel_regularizer=keras.regularizers.L2(0.1),
            activity_regularizer=keras.regularizers.L1(0.1),
            kernel_constraint="non_neg",
        )
        wrapper = self.kind.from_config(wrapper.get_config())
        y = array(wrapper(draw((4, 5))))
        kernel = array(wrapper.layer.kernel.value)
        wanted = 0.1 * (kernel**2).sum() + 0.1 * np.abs(y).sum() / 4
        assert float(array(sum(wrapper.losses))) == pytest.approx(wanted, rel=1e-4)
        zeros = [keras.ops.zeros_like(v.value) for v in wrapper.trainable_variables]
        keras.optimizers.SGD(1.0).apply(zeros, wrapper.trainable_variables)
        assert (array(wrapper.layer.kernel.value) >= 0).all()

    def test_a_frozen_layer_has_nothing_to_train(self):
        wrapper, _ = self.built()
        wrapper.trainable = False
        assert wrapper.trainable_variables == []
        assert not wrapper.layer.trainable

    def test_what_cannot_be_wrapped(self):
        built = layers.BatchNormalization()
        built.build((None, 4))
        refused = [built, layers.Dropout(0.5)]
        if "embeddings" not in self.kind.names:
            refused.append(layers.Embedding(3, 4))
        if "recurrent_kernel" not in self.kind.names:
            refused.append(layers.SimpleRNN(3))
        for layer in refused:
            rank = 3 if isinstance(layer, layers.RNN) else 2
            with pytest.raises(ValueError, match="kernel") as error:
                self.kind(layer, **self.settings)(np.zeros((2, 4, 4)[-rank:], "float32"))
            assert layer.name in str(error.value)
        for value in ("dense", None, layers.Dense):
            with pytest.raises(ValueError, match="layer"):
                self.kind(value, **self.settings)
        with pytest.raises(ValueError, match="already"):
            self.kind(self.wrap(), **self.settings)
