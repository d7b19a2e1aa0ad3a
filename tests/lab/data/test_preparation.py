"""Subsets, splits, smaller images, texts, and data of the user."""

from __future__ import annotations

from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pytest

from keras_norms.lab import data
from keras_norms.lab.errors import BadInput

pytestmark = pytest.mark.once


def rows(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def test_a_subset_is_drawn_once_and_larger_ones_contain_it():
    few, more = (data.load(f"digits:binary=true,examples={n}") for n in (50, 200))
    whole = data.load("digits:binary=true")
    assert few.x_train.shape == (50, 8, 8, 1)
    assert rows(few.x_train) < rows(more.x_train) < rows(whole.x_train)
    np.testing.assert_array_equal(few.x_test, whole.x_test)
    assert data.load("digits:test_examples=30").y_test.shape == (30,)
    assert few.x_train.mean() == pytest.approx(whole.x_train.mean(), abs=0.03)


def test_validation_is_a_share_of_what_was_trained_on_and_nothing_is_in_both():
    spec = "digits:binary=true,validation=0.25"
    tested, chosen = data.load(spec), data.load(f"{spec},evaluate_on=validation")
    whole = data.load("digits:binary=true")
    np.testing.assert_array_equal(tested.x_train, chosen.x_train)
    np.testing.assert_array_equal(tested.x_test, whole.x_test)
    assert (len(tested.y_train), len(chosen.y_test)) == (1050, 350)
    assert rows(chosen.x_train) | rows(chosen.x_test) == rows(whole.x_train)
    both = np.concatenate([chosen.y_train, chosen.y_test])
    assert sorted(both.tolist()) == sorted(whole.y_train.tolist())


def test_smaller_images_are_means_over_squares():
    whole, small = data.load("digits"), data.load("digits:size=4")
    assert small.x_train.shape == (1400, 4, 4, 1)
    means = whole.x_train.astype(float).reshape(1400, 4, 2, 4, 2, 1).mean(axis=(2, 4))
    np.testing.assert_allclose(small.x_train, (means - means.mean()) / means.std(), atol=1e-4)


def test_larger_images_repeat_every_pixel():
    whole, large = data.load("digits"), data.load("digits:size=24")
    np.testing.assert_allclose(large.x_test, np.kron(whole.x_test, np.ones((1, 3, 3, 1))), 1e-5)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("digits:examples=1401", "examples=1401 is more than the 1400"),
        ("digits:size=3", "size=3 neither divides images of 8x8"),
        ("digits:validation=0.0001", "validation=0.0001 sets 0 of 1400 images aside"),
        ("docs:characters=64", "characters=64 must be more than context=64"),
        ("docs:flip=true", "flip is of images"),
        ("mnist:stream=true", "a stream is not held in memory"),
    ],
)
def test_what_cannot_be(spec: str, said: str):
    with pytest.raises(BadInput, match=said) as caught:
        data.load(spec)
    assert f"Invalid data={spec!r}" in str(caught.value)


def test_a_text_is_read_to_its_end_and_each_label_is_the_character_that_follows():
    found = data.load("docs:context=32")
    text = "".join(topics[name] for name in sorted(topics))
    characters = sorted(set(text))
    assert found.classes == len(characters)
    assert found.input_shape == (32,)
    train = "".join(characters[number] for number in found.x_train.ravel())
    assert text.startswith(train)
    assert 0.9 * len(text) - 64 < len(train) <= 0.9 * len(text)
    np.testing.assert_array_equal(found.y_train.ravel()[:-1], found.x_train.ravel()[1:])
    tested = "".join(characters[number] for number in found.x_test.ravel())
    assert tested in text[len(train) :]
    assert data.load("docs:context=32,characters=3201").x_train.shape == (100, 32)


def test_data_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "ours.py").write_text(
        "import numpy as np\n"
        "def made(count=6):\n"
        "    x = np.arange(count * 16).reshape(count, 4, 4)\n"
        "    return (x, np.arange(count) % 3), (x[:2], np.arange(2)[:, None])\n"
        "wrong = made()[0]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = data.load("@ours.made:count=9,size=2")
    assert found.x_train.shape == (9, 2, 2, 1)
    assert found.y_test.tolist() == [0, 1]
    assert found.classes == 3
    with pytest.raises(BadInput, match=r"data='@ours\.wrong'.*must give"):
        data.load("@ours.wrong")
