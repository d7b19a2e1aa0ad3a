from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.weights import WeightNormalization, initialize_from_data
from tests.conformance.case import draw
from tests.gradients import BACKEND, DENSE_LIMIT, array, double
from tests.kernel_conformance.linears import LINEARS, program
from tests.oracles.weights import normalized, normalized_gradient
from tests.reparameterization_suite import ReparameterizationSuite


class TestWeightNormalization(ReparameterizationSuite):
    kind = WeightNormalization

    def truth(self, wrapper, name, kernel, fan, weights):
        return normalized(kernel, fan, weights[name.replace("kernel", "gain")])

    def test_wrapping_changes_nothing_at_first(self, linear):
        wrapper = self.wrap(linear)
        x = draw(LINEARS[linear].shape)
        wrapper(x)
        np.testing.assert_allclose(array(wrapper(x)), array(wrapper.layer(x)), atol=1e-5)

    def test_another_gain(self):
        wrapper = self.wrap(own={"gain_initializer": "ones"})
        wrapper = self.kind.from_config(wrapper.get_config())
        wrapper.build((None, 5))
        norms = np.linalg.norm(array(wrapper.effective_kernels()["kernel"]), axis=0)
        np.testing.assert_allclose(norms, 1, rtol=1e-6)

    def test_wn16_grad_closed_form(self):
        with double():
            wrapper, weights = self.built(dtype="float64", use_bias=False)
            x, dy = draw((4, 5), 1).astype("float64"), draw((4, 3), 2).astype("float64")
            got = program(wrapper)(x, dy).weights
            dg, dv = normalized_gradient(weights["kernel"], weights["gain"], x.T @ dy)
            np.testing.assert_allclose(got["gain"], dg, atol=DENSE_LIMIT)
            np.testing.assert_allclose(got["kernel"], dv, atol=DENSE_LIMIT)
            along = (got["kernel"] * weights["kernel"]).sum(axis=0)
            assert np.abs(along).max() < DENSE_LIMIT

    def test_wn16_grad_descent_never_shrinks_v(self):
        with double():
            wrapper, _ = self.built(dtype="float64")
            x, target = draw((8, 5), 1).astype("float64"), draw((8, 3), 2).astype("float64")
            step, norms = program(wrapper), []
            for _ in range(50):
                norms.append(np.linalg.norm(array(wrapper.layer.kernel.value), axis=0))
                error = array(wrapper(x)) - target
                gradients = step(x, error / 8).weights
                for variable in wrapper.trainable_variables:
                    variable.assign(array(variable.value) - 0.1 * gradients[variable.name])
            assert (np.diff(norms, axis=0) >= -1e-15).all()
            assert (norms[-1] > norms[0]).all()


def digits():
    from sklearn.datasets import load_digits

    images = load_digits().images[:500] / 16 - 0.5
    return images.astype(np.float64)


def mlp(activation="relu", **options):
    return keras.Sequential(
        [
            keras.layers.Flatten(),
            *(
                WeightNormalization(keras.layers.Dense(50, activation=activation, **options))
                for _ in range(3)
            ),
        ]
    )


RECURRENT = {
    "simple": keras.layers.SimpleRNN,
    "gru": keras.layers.GRU,
    "lstm": keras.layers.LSTM,
}


@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_kernels(kind, tmp_path):
    """Beside Keras's own layer with the oracle's recurrent kernel; masks and training arrive."""
    wrapper = WeightNormalization(RECURRENT[kind](4, return_sequences=True, dropout=0.5))
    x = np.where(np.arange(6)[:, None] < 4, draw((3, 6, 5)), 0).astype("float32")
    model = keras.Sequential([keras.Input((6, 5)), keras.layers.Masking(), wrapper])
    (name,) = wrapper.kernels()
    assert name == "recurrent_kernel"
    gain = wrapper.gains[name]
    gain.assign(np.random.default_rng(0).uniform(0.5, 1.5, gain.shape))
    stored = array(wrapper.layer.cell.recurrent_kernel.value).astype("float64")
    plain = RECURRENT[kind](4, return_sequences=True)
    plain.build(x.shape)
    for new, old in zip(plain.weights, wrapper.layer.weights, strict=True):
        new.assign(old.value)
    plain.cell.recurrent_kernel.assign(normalized(stored, (0,), array(gain)))
    wanted = array(plain(x, mask=np.tile(np.arange(6) < 4, (3, 1))))
    np.testing.assert_allclose(array(model(x)), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(array(wrapper.strip()(x[:, :4])), wanted[:, :4], atol=1e-5)
    assert (array(model(x, training=True)) != array(model(x, training=True))).any()
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((3, 6, 4)), epochs=1, verbose=0)
    assert (array(wrapper.layer.cell.recurrent_kernel.value) != stored).any()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(array(loaded(x)), array(model(x)), atol=1e-6)
    with pytest.raises(ValueError, match=type(wrapper.layer).__name__):
        initialize_from_data(model, x)


class TestInitializeFromData:
    def units(self, model, x):
        """What each wrapped layer puts out before its activation."""
        found = []
        for layer in model.layers:
            if isinstance(layer, WeightNormalization):
                kernel = array(layer.effective_kernels()["kernel"])
                found.append(array(x) @ kernel + array(layer.layer.bias.value))
            x = layer(x)
        return found

    @pytest.mark.parametrize("activation", ["relu", "tanh", None])
    def test_wn16_ddinit_every_unit_has_mean_zero_and_variance_one(self, activation):
        with double():
            model = mlp(activation, dtype="float64")
            x = digits()
            names = initialize_from_data(model, x)
            assert names == [layer.name for layer in model.layers[1:]]
            outputs = self.units(model, x)
            assert len(outputs) == 3
            for output in outputs:
                assert np.abs(output.mean(axis=0)).max() < 1e-6
                assert np.abs(output.var(axis=0) - 1).max() < 1e-5

    def test_wn16_ddinit_in_single_precision(self):
        model, x = mlp(), digits().astype(np.float32)
        initialize_from_data(model, x)
        for output in self.units(model, x):
            assert np.abs(output.mean(axis=0)).max() < 1e-5
            assert np.abs(output.var(axis=0) - 1).max() < 1e-4

    @pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
    def test_in_mixed_precision(self, policy):
        """Biases are stored in float32, and so they are set."""
        layer, x = WeightNormalization(keras.layers.Dense(6, dtype=policy)), draw((256, 9), mean=2)
        initialize_from_data(layer, x)
        kernel = array(layer.effective_kernels()["kernel"])
        y = x @ kernel + array(layer.layer.bias.value)
        assert np.abs(array(layer.layer.bias.value)).max() > 0.1
        np.testing.assert_allclose(y.mean(axis=0), 0, atol=0.05)
        np.testing.assert_allclose(y.var(axis=0), 1, atol=0.1)

    @pytest.mark.parametrize(
        "linear",
        [
            keras.layers.Conv2D(6, 3, strides=2),
            keras.layers.DepthwiseConv2D(3, depth_multiplier=2),
            keras.layers.SeparableConv2D(6, 3),
            keras.layers.Conv2DTranspose(6, 3, strides=2),
        ],
        ids=lambda linear: type(linear).__name__,
    )
    def test_convolutions(self, linear):
        inputs = keras.Input((9, 9, 3))
        linear = type(linear).from_config(linear.get_config())
        model = keras.Model(inputs, WeightNormalization(linear)(inputs))
        x = draw((64, 9, 9, 3), mean=2.0)
        initialize_from_data(model, x)
        y = model.predict(x, verbose=0)
        np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-4)
        np.testing.assert_allclose(y.var(axis=(0, 1, 2)), 1, atol=1e-3)

    def test_a_nested_subclassed_and_unbuilt_model(self):
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.inner, self.head = mlp(), WeightNormalization(keras.layers.Dense(2))

            def call(self, x):
                return self.head(self.inner(x))

        model, x = Net(), digits().astype(np.float32)
        assert len(initialize_from_data(model, x)) == 4
        y = array(model(x))
        np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(y.var(axis=0), 1, atol=1e-3)

    def test_it_happens_once_and_leaves_other_calls_alone(self):
        model, x = mlp(), digits().astype(np.float32)
        initialize_from_data(model, x)
        weights = model.get_weights()
        model(x * 3, training=True)
        for old, new in zip(weights, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_a_layer_called_twice_is_initialized_at_its_first_call(self):
        inputs = keras.Input((4,))
        layer = WeightNormalization(keras.layers.Dense(4))
        model = keras.Model(inputs, layer(layer(inputs)))
        x = draw((64, 4), mean=3.0)
        assert initialize_from_data(model, x) == [layer.name]
        np.testing.assert_allclose(array(layer(x)).var(axis=0), 1, atol=1e-3)

    def test_without_bias_the_mean_stays(self):
        layer = WeightNormalization(keras.layers.Dense(4, use_bias=False))
        x = draw((64, 5), mean=3.0)
        initialize_from_data(layer, x)
        y = array(layer(x))
        np.testing.assert_allclose(y.var(axis=0), 1, atol=1e-3)
        assert np.abs(y.mean(axis=0)).max() > 0.1

    def test_units_that_are_constant_over_the_batch(self):
        layer = WeightNormalization(keras.layers.Dense(4))
        initialize_from_data(layer, np.zeros((8, 5), "float32"))
        np.testing.assert_array_equal(array(layer.gains["kernel"].value), np.ones(4))
        assert np.isfinite(array(layer(draw((8, 5))))).all()

    def test_models_without_such_layers(self):
        with pytest.raises(ValueError, match="WeightNormalization"):
            initialize_from_data(keras.Sequential([keras.layers.Dense(2)]), np.zeros((2, 3)))

    def test_layers_without_a_channel_axis(self):
        layer = WeightNormalization(keras.layers.EinsumDense("ab,bcd->acd", (2, 3)))
        with pytest.raises(ValueError, match="EinsumDense"):
            initialize_from_data(layer, draw((4, 5)))

    @pytest.mark.skipif(BACKEND != "tensorflow", reason="graphs are TensorFlow's")
    def test_inside_a_graph(self):
        import tensorflow as tf

        layer = WeightNormalization(keras.layers.Dense(2))
        layer(draw((4, 5)))
        with pytest.raises(ValueError, match="outside"):
            tf.function(lambda x: initialize_from_data(layer, x) and x, autograph=False)(
                tf.ones((4, 5))
            )
