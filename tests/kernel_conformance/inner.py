"""What the wrapped layer is told and does itself, and what is done to it: LoRA, quantization."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tests.conformance.case import draw
from tests.gradients import MODES, array
from tests.kernel_conformance.linears import LINEARS, program
from tests.kernel_conformance.wrapped import Wrapped

LORA = ("dense", "einsum", "conv1d", "conv2d", "conv3d")
QUANTIZED = ("dense", "einsum")


@keras.saving.register_keras_serializable(package="tests")
class Noisy(layers.Dense):
    """A linear layer with dropout, a loss and a mask of its own."""

    def __init__(self, units, **options):
        super().__init__(units, **options)
        self.seed = keras.random.SeedGenerator(1)
        self.seen = []

    def call(self, inputs, training=None, mask=None):
        self.seen.append((training, mask))
        self.add_loss(keras.ops.mean(inputs) * 0 + 3)
        if training:
            inputs = keras.random.dropout(inputs, 0.5, seed=self.seed)
        return super().call(inputs)


class Inner(Wrapped):
    @pytest.mark.parametrize("training", [False, True])
    def test_training_and_masks_reach_the_layer(self, training):
        wrapper = self.kind(Noisy(3), **self.settings)
        x = np.where(np.arange(5)[:, None] < 3, draw((2, 5, 4)), 0).astype("float32")
        keras.Sequential([layers.Masking(), wrapper])(x, training=training)
        told, mask = wrapper.layer.seen[-1]
        assert bool(told) is training
        np.testing.assert_array_equal(array(mask), np.tile(np.arange(5) < 3, (2, 1)))

    def test_randomness_of_the_layer_goes_on(self):
        """Each step draws anew, also in a compiled one."""
        wrapper = self.kind(Noisy(3), **self.settings)
        wrapper.build((None, 8))
        x, dy = draw((4, 8)), np.ones((4, 3))
        for mode in MODES:
            step = program(wrapper, mode, training=True)
            one, two = step(x, dy).output, step(x, dy).output
            assert (one != two).any(), mode
        model = keras.Sequential([keras.Input((8,)), wrapper])
        before = array(wrapper.layer.seed.state.value)
        model.compile("sgd", "mse")
        model.train_on_batch(x, dy)
        assert (array(wrapper.layer.seed.state.value) != before).any()

    def test_losses_of_the_layer_count(self):
        wrapper = self.kind(Noisy(3), **self.settings)
        wrapper(draw((2, 4)))
        assert [float(array(loss)) for loss in wrapper.losses] == [3.0]

    @pytest.mark.parametrize("adapted", LORA)
    def test_lora_changes_nothing_until_it_is_trained(self, adapted):
        """Its second matrix starts at zero; then the update is part of the kernel."""
        wrapper, weights = self.built(adapted)
        x = draw(LINEARS[adapted].shape)
        before = array(wrapper(x))
        wrapper.layer.enable_lora(2)
        np.testing.assert_allclose(array(wrapper(x)), before, rtol=1e-5, atol=1e-5)
        assert list(wrapper.kernels()) == ["kernel"]
        a, b = wrapper.layer.lora_kernel_a, wrapper.layer.lora_kernel_b
        b.assign(draw(tuple(b.shape), 3))
        update = np.matmul(array(a).astype("float64"), array(b).astype("float64"))
        summed, _ = self.built(adapted)
        for variable in summed.variables:
            variable.assign(weights[variable.name])
        summed.kernels()["kernel"].assign(weights["kernel"] + update)
        wanted = array(summed.effective_kernels()["kernel"])
        got = array(wrapper.effective_kernels()["kernel"])
        np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-5)
        plain = wrapper.strip()
        assert not plain.lora_enabled
        np.testing.assert_allclose(array(plain(x)), array(wrapper(x)), rtol=1e-4, atol=1e-4)

    def test_lora_is_what_trains(self):
        wrapper, weights = self.built("dense")
        wrapper.layer.enable_lora(2)
        step = program(wrapper, training=True)
        got = step(draw((4, 5)), draw((4, 3), 2))
        assert np.abs(got.weights["lora_kernel_b"]).max() > 0
        assert "kernel" not in got.weights
        model = keras.Sequential([keras.Input((5,)), wrapper])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        for _ in range(2):
            model.train_on_batch(draw((8, 5)), draw((8, 3), 1))
        np.testing.assert_array_equal(array(wrapper.kernels()["kernel"]), weights["kernel"])
        assert np.abs(array(wrapper.layer.lora_kernel_b)).max() > 0

    def test_a_file_with_lora(self, tmp_path):
        model = keras.Sequential([keras.Input((5,)), self.built("dense")[0]])
        wrapper = model.layers[0]
        wrapper.layer.enable_lora(2)
        b = wrapper.layer.lora_kernel_b
        b.assign(draw(tuple(b.shape), 3))
        wanted = array(model(draw((4, 5))))
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.layers[0].layer.lora_enabled
        np.testing.assert_allclose(array(loaded(draw((4, 5)))), wanted, rtol=1e-4, atol=1e-4)

    @pytest.mark.full
    @pytest.mark.parametrize("lora", [False, True])
    @pytest.mark.parametrize("quantized", QUANTIZED)
    def test_int8_is_of_the_effective_kernel(self, quantized, lora, tmp_path):
        """As close as to the stripped layer quantized, and saved like any layer."""
        wrapper, _ = self.built(quantized)
        shape = LINEARS[quantized].shape
        if lora:
            wrapper.layer.enable_lora(2)
            b = wrapper.layer.lora_kernel_b
            b.assign(draw(tuple(b.shape), 3))
        model = keras.Sequential([keras.Input(shape[1:]), wrapper])
        plain, x = wrapper.strip(), draw(shape)
        model.quantize("int8")
        plain.quantize("int8")
        np.testing.assert_allclose(array(model(x)), array(plain(x)), rtol=1e-3, atol=1e-3)
        assert wrapper.kernels() == {}
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(array(loaded(x)), array(model(x)), rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize("lora", [False, True])
    def test_what_keras_does_not_quantize_stays_as_it_was(self, lora):
        """A model warns of its convolutions, and goes on."""
        wrapper, _ = self.built("conv2d")
        if lora:
            wrapper.layer.enable_lora(2)
            b = wrapper.layer.lora_kernel_b
            b.assign(draw(tuple(b.shape), 3))
        for weight in wrapper.weights:  # of any sign, as training may leave them
            if "int" not in weight.dtype:
                weight.assign(weight - 1.5)
        shape = LINEARS["conv2d"].shape
        model = keras.Sequential([keras.Input(shape[1:]), wrapper])
        before, wanted = model.get_weights(), array(model(draw(shape)))
        with pytest.warns(UserWarning, match="quantize"):
            model.quantize("int8")
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(new, old)
        np.testing.assert_array_equal(array(model(draw(shape))), wanted)

    @pytest.mark.full
    def test_what_cannot_be_quantized(self):
        wrapper, _ = self.built("dense")
        with pytest.raises(NotImplementedError, match="strip"):
            wrapper.quantize("float8")
        wrapper.quantize("int8")
        with pytest.raises(ValueError, match="already quantized"):
            wrapper.quantize("int8")
        for options in ({}, {"merged": False}):
            with pytest.raises(ValueError, match="quantized"):
                self.kind(layers.Dense(3, dtype="int8_from_float32"), **self.settings, **options)
