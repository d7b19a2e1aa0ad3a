from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.weights import SpectralNormalization
from keras_norms.weights import spectral as spectral_normalization
from tests.conformance.case import draw
from tests.gradients import array
from tests.kernel_conformance.linears import LINEARS, program
from tests.oracles.weights import spectral
from tests.reparameterization_suite import ReparameterizationSuite


class TestSpectralNormalization(ReparameterizationSuite):
    kind = SpectralNormalization

    @pytest.fixture(autouse=True)
    def _vectors_of_a_few_iterations(self, monkeypatch):
        """Fifty take a fifth of a second; a converged start has a test of its own."""
        monkeypatch.setattr(spectral_normalization, "AT_THE_START", 5)

    def truth(self, wrapper, name, kernel, fan, weights):
        """Near the stored kernel, with its singular vectors held: they are constants."""
        vector = weights[name.replace("kernel", "") + "vector_u"].ravel()
        stored = np.asarray(array(wrapper.kernels()[name].value), np.float64)
        kept = [a for a in range(kernel.ndim) if a not in fan]
        matrix = stored.transpose([*kept, *fan]).reshape(len(vector), -1)
        right = vector @ matrix / np.linalg.norm(vector @ matrix)
        moved = kernel.transpose([*kept, *fan]).reshape(len(vector), -1)
        return kernel / (vector @ moved @ right)

    def built(self, linear="dense", **options):
        wrapper, weights = super().built(linear, **options)
        for _ in range(3):  # random weights came after the first vectors
            nudge(wrapper)
            wrapper.effective_kernels(training=True)
        weights |= {v.name: array(v.value) for v in wrapper.variables}
        for name in weights:
            weights[name] = np.asarray(weights[name], np.float64)
        return wrapper, weights

    @pytest.mark.full
    def test_sigma_is_the_largest_singular_value(self, linear):
        """Converged, against the decomposition."""
        wrapper = self.wrap(linear, own={"power_iterations": 100})
        wrapper.build(LINEARS[linear].shape)
        rng = np.random.default_rng(0)
        for variable in wrapper.kernels().values():
            variable.assign(rng.normal(0, 1, variable.shape))
        effective = wrapper.effective_kernels(training=True)
        for name, fan in LINEARS[linear].fan.items():
            stored = array(wrapper.kernels()[name].value).astype(np.float64)
            np.testing.assert_allclose(array(effective[name]), spectral(stored, fan), rtol=1e-4)

    def test_training_follows_the_kernel(self):
        wrapper, _ = self.built()
        gaps = []
        for _ in range(30):
            largest = np.linalg.norm(array(wrapper.effective_kernels(training=True)["kernel"]), 2)
            gaps.append(largest - 1)
            nudge(wrapper, 1e-4)
        assert abs(gaps[-1]) < 1e-3

    def test_two_calls_in_one_step_compute_with_the_same_kernel(self, mode):
        wrapper, _ = self.built()
        x, step = draw((4, 5)), program(wrapper, mode, training=True)
        nudge(wrapper, 0.3)
        first, second = step(x, np.ones((4, 3))), step(x, np.ones((4, 3)))
        # A compiler may add up a fingerprint twice, in two orders, and so iterate once more.
        near = {"rtol": 2e-6, "atol": 1e-6} if mode in ("xla", "jit") else {"rtol": 0}
        np.testing.assert_allclose(first.output, second.output, **near)
        for name in ("vector_u", "fingerprint"):
            np.testing.assert_allclose(first.state[name], second.state[name], **near)
        nudge(wrapper, 0.3)
        third = step(x, np.ones((4, 3)))
        assert (third.state["vector_u"] != second.state["vector_u"]).any()

    @pytest.mark.full
    def test_two_calls_in_one_compiled_step(self):
        """A critic on real and on generated examples, as `fit` compiles it."""
        critic = self.kind(keras.layers.Dense(4))
        real, fake = keras.Input((5,)), keras.Input((5,))
        model = keras.Model([real, fake], [critic(real), critic(fake)])
        nudge(critic, 0.3)
        x, vectors = draw((8, 5)), []
        model.compile(keras.optimizers.SGD(0.0), ["mse", "mse"])
        for _ in range(2):
            model.train_on_batch([x, x], [draw((8, 4)), draw((8, 4), 1)])
            vectors.append(array(critic.vectors["kernel"].value))
            one, two = model.predict_on_batch([x, x])
            np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(*vectors)

    def test_frozen_and_inference_learn_nothing(self, mode):
        for trainable, training in ((False, True), (True, False), (False, False)):
            wrapper, weights = self.built()
            wrapper.trainable = trainable
            nudge(wrapper, 0.3)
            step = program(wrapper, mode, training=training)
            got = step(draw((4, 5)), np.ones((4, 3)))
            np.testing.assert_array_equal(got.state["vector_u"], weights["vector_u"])

    def test_sigma_is_in_the_gradient(self):
        """The effective kernel has no scale, so its slope along the kernel is 0."""
        wrapper, weights = self.built()
        got = program(wrapper, training=False)(draw((4, 5)), draw((4, 3), 2)).weights["kernel"]
        assert np.abs(got).max() > 0.01
        assert abs((got * weights["kernel"]).sum()) < 1e-5

    def test_a_kernel_of_zeros_can_wake_up(self):
        wrapper = self.wrap(own={"power_iterations": 100}, kernel_initializer="zeros")
        x = draw((4, 5))
        np.testing.assert_array_equal(array(wrapper(x, training=True)), np.zeros((4, 3)))
        wrapper.layer.kernel.assign(draw((5, 3)))
        largest = np.linalg.norm(array(wrapper.effective_kernels(training=True)["kernel"]), 2)
        assert largest == pytest.approx(1, abs=1e-4)

    @pytest.mark.parametrize("value", [0, -1, 1.5, True, "one"])
    def test_wrong_arguments(self, value):
        with pytest.raises(ValueError, match="power_iterations") as error:
            self.wrap(own={"power_iterations": value})
        assert repr(value) in str(error.value)

    def test_the_words_of_keras(self):
        with pytest.raises(ValueError, match="`power_iterations` should be greater than zero"):
            self.wrap(own={"power_iterations": 0})
        with pytest.raises(ValueError, match="object has no attribute 'kernel' nor 'embeddings'"):
            self.kind(keras.layers.ReLU())(np.ones((4, 2)))


def test_a_fresh_layer_has_converged():
    for seed in range(5):
        start = keras.initializers.HeNormal(seed=seed)
        dense = keras.layers.Dense(20, kernel_initializer=start)
        wrapper = SpectralNormalization(dense)
        wrapper.build((None, 30))
        largest = np.linalg.norm(array(wrapper.effective_kernels()["kernel"]), 2)
        assert 1 - 1e-6 < largest < 1.02


LAYERS = {
    "dense": (lambda: keras.layers.Dense(3), (6, 5)),
    "conv1d": (lambda: keras.layers.Conv1D(3, 2), (4, 6, 5)),
    "conv2d": (lambda: keras.layers.Conv2D(3, 2, data_format="channels_last"), (4, 6, 6, 5)),
    "embedding": (lambda: keras.layers.Embedding(7, 3), (4, 2)),
}


def models(kind):
    """A model of Keras's layer, as training leaves it, and one of ours; and inputs for them."""
    make, shape = LAYERS[kind]
    x = draw(shape, mean=0)
    if kind == "embedding":  # of integers Keras's layer would make integers
        x = np.arange(8, dtype="float32").reshape(4, 2) % 7
    both = []
    for wrapper in (keras.layers.SpectralNormalization, SpectralNormalization):
        inputs = keras.Input(shape[1:])
        both.append(keras.Model(inputs, wrapper(make(), name="wrapped")(inputs)))
    theirs, ours = both
    kernel = theirs.layers[1].kernel
    kernel.assign(array(kernel) + draw(kernel.shape, 3, mean=0))  # as an optimizer would
    for _ in range(60):  # its kernel ends normalized
        theirs(x, training=True)
    return theirs, ours, x


@pytest.mark.full
@pytest.mark.parametrize("kind", LAYERS)
def test_weights_and_files_of_keras_go_both_ways(kind, tmp_path):
    theirs, ours, x = models(kind)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]

    def move(way, one, other):
        if way == "weights":
            other.set_weights(one.get_weights())
        elif way == "weights file":
            one.save_weights(tmp_path / "a.weights.h5")
            other.load_weights(tmp_path / "a.weights.h5")
        else:
            one.save(tmp_path / "a.keras")
            other.load_weights(tmp_path / "a.keras")

    for way in ("weights", "weights file", "layer file"):
        for weight in ours.weights:  # what the way before left
            weight.assign(np.ones(weight.shape))
        move(way, theirs, ours)
        close = {"rtol": 1e-3, "atol": 1e-4, "err_msg": way}
        np.testing.assert_allclose(array(ours(x)), array(theirs(x)), **close)
        kernel = ours.layers[1].kernels().popitem()[1]
        kernel.assign(array(kernel) * 3)
        wanted = array(ours(x))
        move(way, ours, theirs)
        # Keras's layer normalizes in training alone.
        np.testing.assert_allclose(array(theirs(x, training=True)), wanted, **close)


def test_what_0_1_0_stored():
    """It kept `u` as a row with its fingerprint after it, and the kernel with the plain layer."""
    wrapper = SpectralNormalization(keras.layers.SeparableConv2D(3, 2))
    wrapper.build((1, 4, 4, 5))
    depthwise, pointwise = (draw((n,), n) for n in (5, 3))
    kernels = [array(kernel) for kernel in wrapper.kernels().values()]
    one = np.float32(1)
    wrapper.load_own_variables({"0": depthwise, "1": one, "2": pointwise, "3": one})
    np.testing.assert_array_equal(array(wrapper.vectors["depthwise_kernel"]), [depthwise])
    np.testing.assert_array_equal(array(wrapper.vectors["pointwise_kernel"]), [pointwise])
    for now, before in zip(wrapper.kernels().values(), kernels, strict=True):
        np.testing.assert_array_equal(array(now), before)


def test_an_embedding():
    """Its mask goes on, and large indices survive half precision."""
    embedding = keras.layers.Embedding(5000, 3, mask_zero=True, dtype="mixed_float16")
    wrapper = SpectralNormalization(embedding)
    tokens = np.array([[4999, 4097, 0]])
    y = wrapper(tokens.astype("float32"))
    np.testing.assert_array_equal(array(y._keras_mask), tokens != 0)
    stored = array(embedding.embeddings.value)
    wanted = spectral(stored.astype("float64"), (0,))[tokens]
    np.testing.assert_allclose(array(y), wanted, rtol=2e-2, atol=1e-3)
    np.testing.assert_allclose(array(wrapper.strip()(tokens)), array(y), atol=1e-3)


def nudge(wrapper, by=1e-3):
    """Change the kernels as an optimizer would."""
    rng = np.random.default_rng(7)
    for kernel in wrapper.kernels().values():
        kernel.assign(array(kernel.value) + by * rng.normal(size=kernel.shape))
