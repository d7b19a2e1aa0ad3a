"""AdaptiveNormalization: its gamma and beta are inputs, over any normalizer."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms import layers
from keras_norms.layers import AdaptiveNormalization
from tests.conformance.case import draw
from tests.gradients import array, randomize
from tests.oracles.batch import batch
from tests.oracles.instance import instance
from tests.oracles.layer import layer

BARE = {"center": False, "scale": False}
SHAPE = (3, 4, 5, 6)
OVER = {
    "AdaLN": (lambda: layers.LayerNormalization(**BARE), layer),
    "AdaIN": (lambda: layers.InstanceNormalization(**BARE), instance),
    "conditional BN": (lambda: layers.BatchNormalization(**BARE), batch),
    "over Keras's": (lambda: keras.layers.LayerNormalization(**BARE), layer),
}
FORMS = {  # of gamma and beta, and how NumPy broadcasts them
    "a vector an example": ((3, 6), (3, 1, 1, 6)),
    "a map, as in SPADE": (SHAPE, SHAPE),
    "a row": ((3, 1, 5, 1), (3, 1, 5, 1)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("zero_centered", [False, True])
def test_the_formula(over, form, zero_centered):
    make, oracle = OVER[over]
    shape, broad = FORMS[form]
    x, gamma, beta = draw(SHAPE), draw(shape, 2), draw(shape, 3)
    got = AdaptiveNormalization(make(), zero_centered)(x, gamma, beta, training=True)
    scale = gamma.reshape(broad) + (1 if zero_centered else 0)
    np.testing.assert_allclose(array(got), scale * oracle(x) + beta.reshape(broad), atol=2e-5)


def test_channels_first_and_one_of_the_two():
    x, gamma = draw((3, 6, 4, 5)), draw((3, 6), 2)
    norm = AdaptiveNormalization(layers.InstanceNormalization(axis=1, **BARE))
    wanted = instance(x, axis=1)
    np.testing.assert_allclose(array(norm(x, gamma)), gamma[..., None, None] * wanted, atol=2e-5)
    got = norm(x, beta=gamma)
    np.testing.assert_allclose(array(got), gamma[..., None, None] + wanted, atol=2e-5)


def test_the_normalizers_own_gamma_acts_first():
    inner = layers.LayerNormalization()
    inner.build((None, 4))
    weights = randomize(inner)
    x, gamma = draw((5, 4)), draw((5, 4), 2)
    wanted = gamma * layer(x, weights["gamma"], weights["beta"])
    np.testing.assert_allclose(array(AdaptiveNormalization(inner)(x, gamma)), wanted, atol=2e-5)


def model():
    x, condition = keras.Input((None, None, 4)), keras.Input((3,))
    gamma, beta = keras.layers.Dense(4)(condition), keras.layers.Dense(4)(condition)
    norm = AdaptiveNormalization(layers.BatchNormalization(momentum=0.5, **BARE), True, name="norm")
    return keras.Model([x, condition], norm(x, gamma=gamma, beta=beta))


def test_it_trains_saves_loads_and_is_cloned(tmp_path):
    made, x, condition = model(), draw((8, 5, 6, 4)), draw((8, 3), 2)
    made.compile("sgd", "mse")
    before = [w.copy() for w in made.get_weights()]
    made.fit([x, condition], np.zeros_like(x), verbose=0)
    assert all((old != new).any() for old, new in zip(before, made.get_weights(), strict=True))
    made.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    clone = keras.models.clone_model(made)
    clone.set_weights(made.get_weights())
    for other in (loaded, clone):
        norm = other.get_layer("norm")
        assert type(norm.normalizer) is layers.BatchNormalization
        assert norm.zero_centered
        got = other.predict([x[:, :3], condition], verbose=0)
        wanted = made.predict([x[:, :3], condition], verbose=0)
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_training_and_masks_are_handed_on():
    x, beta = draw((4, 5, 3)), np.zeros((4, 3), "float32")
    mask = np.arange(5) < np.array([5, 3, 2, 4])[:, None]
    alone = layers.BatchNormalization(**BARE)
    norm = AdaptiveNormalization(layers.BatchNormalization(**BARE))
    for training in (True, False):
        got = array(norm(x, beta=beta, training=training, mask=mask))
        wanted = array(alone(x, training=training, mask=mask))
        np.testing.assert_allclose(got[mask], wanted[mask], atol=1e-6)
    for one, other in zip(norm.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_half_precision():
    norm = AdaptiveNormalization(layers.LayerNormalization(dtype="mixed_float16", **BARE))
    x, gamma = draw((5, 4)), draw((5, 4), 2)
    got = norm(x, gamma)
    assert keras.backend.standardize_dtype(got.dtype) == "float16"
    np.testing.assert_allclose(array(got), gamma * layer(x), rtol=5e-3, atol=5e-3)


def test_a_scale_near_one_survives_half_precision():
    """1 + 0.00045 is 1 in float16, the product with 1.414 is another number than 1.414."""
    norm = AdaptiveNormalization(
        layers.LayerNormalization(epsilon=1e-7, dtype="mixed_float16", **BARE), zero_centered=True
    )
    got = array(norm(np.array([[100.0, 0.0, 0.0]]), np.full((1, 3), 4.5e-4, "float16")))
    largest = np.float16(2**0.5)
    assert np.float16(largest * np.float64(1.00045)) > largest
    assert got[0, 0] == np.float16(largest * np.float64(1.00045))


@pytest.mark.parametrize("shape", [(3, 5), (3,), (3, 4, 6), (2, 4, 5, 6), (3, 4, 5, 6, 1)])
def test_other_shapes_are_refused(shape):
    norm = AdaptiveNormalization(layers.LayerNormalization())
    with pytest.raises(ValueError, match="`beta`") as error:
        norm(draw(SHAPE), beta=draw(shape))
    assert str(shape) in str(error.value)


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"`normalizer`.*'layer'"):
        AdaptiveNormalization("layer")
    with pytest.raises(ValueError, match="without `gamma` and `beta`"):
        AdaptiveNormalization(layers.LayerNormalization())(draw(SHAPE))
