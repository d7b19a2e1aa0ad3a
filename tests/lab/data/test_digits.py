"""The embedded data set."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from keras_norms.lab import data
from keras_norms.lab.data.images import standardized

pytestmark = pytest.mark.once


def bytes_of(images: np.ndarray) -> list[bytes]:
    return sorted(image.tobytes() for image in np.ascontiguousarray(images))


def test_split_and_types():
    digits = data.load("digits")
    assert digits.x_train.shape == (1400, 8, 8, 1)
    assert digits.x_test.shape == (397, 8, 8, 1)
    assert (digits.y_train.shape, digits.y_test.shape) == ((1400,), (397,))
    assert (digits.input_shape, digits.classes) == ((8, 8, 1), 10)
    assert {array.dtype for array in (digits.x_train, digits.x_test)} == {np.dtype("float32")}
    assert {array.dtype for array in (digits.y_train, digits.y_test)} == {np.dtype("int32")}


def test_training_images_have_mean_zero_and_deviation_one():
    images = data.load("digits").x_train.astype(np.float64)
    assert images.mean() == pytest.approx(0, abs=1e-6)
    assert images.std() == pytest.approx(1, abs=1e-6)


def test_binary_digits_are_those_above_half():
    raw, _ = load_digits(return_X_y=True)
    binary, grey = data.load("digits:binary=true"), data.load("digits")
    assert binary.name == "digits:binary=true"
    assert binary.input_shape == (8, 8, 1)
    assert binary.x_train.dtype == np.float32
    both = np.concatenate([binary.x_train, binary.x_test])
    assert bytes_of(both.reshape(-1, 64)) == bytes_of((raw > 8).astype(np.float32))
    np.testing.assert_array_equal(binary.y_train, grey.y_train)


def test_a_tenth_is_every_tenth_image_prepared_as_a_set_of_its_own():
    whole, tenth = data.load("digits:binary=true"), data.load("digits:binary=true,part=0.1")
    assert tenth.name == "digits:binary=true,part=0.1"
    np.testing.assert_array_equal(tenth.x_train, whole.x_train[::10])
    np.testing.assert_array_equal(tenth.y_test, whole.y_test[::10])
    grey = data.load("digits:part=0.1").x_train
    assert grey.shape == (140, 8, 8, 1)
    assert grey.mean() == pytest.approx(0, abs=1e-6)
    assert grey.std() == pytest.approx(1, abs=1e-6)


def test_every_example_is_in_one_half_with_its_label():
    """Undoing the standardization gives scikit-learn's set back, each example once."""
    digits = data.load("digits")
    raw, labels = load_digits(return_X_y=True)
    scaled = np.concatenate([digits.x_train, digits.x_test]).reshape(-1, 64).astype(np.float64)
    unit = np.diff(np.unique(np.round(scaled, 4))).min()
    pixels = np.round((scaled - scaled.min()) / unit)
    found = np.column_stack([pixels, np.concatenate([digits.y_train, digits.y_test])])
    assert bytes_of(found) == bytes_of(np.column_stack([raw, labels]).astype(np.float64))


def test_the_halves_are_alike():
    """Unlike scikit-learn's order, which keeps a writer's digits together."""
    digits = data.load("digits")
    train, test = (np.bincount(y, minlength=10) / len(y) for y in (digits.y_train, digits.y_test))
    np.testing.assert_allclose(train, test, atol=0.05)


def test_the_same_each_time():
    first, second = data.load("digits"), data.load("digits")
    for name in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_channels_are_standardized_apart_by_the_training_images():
    rng = np.random.default_rng(0)
    scale, shift = np.array([1.0, 9.0, 40.0]), np.array([100.0, 30.0, 128.0])
    train = np.clip(rng.normal(size=(9000, 3, 2, 3)) * scale + shift, 0, 255).astype(np.uint8)
    test = np.clip(rng.normal(size=(50, 3, 2, 3)) * scale + shift, 0, 255).astype(np.uint8)
    labels = np.zeros(9000, int), np.zeros(50, int)
    images = standardized("set", (train, labels[0]), (test, labels[1]), 2)
    flat = train.astype(np.float64).reshape(-1, 3)
    for role, raw in (("x_train", train), ("x_test", test)):
        np.testing.assert_allclose(
            getattr(images, role), (raw - flat.mean(0)) / flat.std(0), atol=2e-5
        )


def test_a_channel_that_never_varies_becomes_zero():
    images = np.full((4, 2, 2, 2), 85, np.uint8)
    images[..., 1] = np.arange(16).reshape(4, 2, 2)
    labels = np.zeros(4, int)
    scaled = standardized("set", (images, labels), (images, labels), 2).x_train
    assert not scaled[..., 0].any()
    assert scaled[..., 1].std() == pytest.approx(1, abs=1e-6)
