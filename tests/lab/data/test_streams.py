"""Streams of a set that TFDS stores here: each image has a label of its own, to know it by."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from keras_norms.lab.data import streams
from keras_norms.lab.data.table import choose_data
from keras_norms.lab.errors import BadInput

tf = pytest.importorskip("tensorflow")
tfds = pytest.importorskip("tensorflow_datasets")

pytestmark = pytest.mark.once

IMAGES, BATCH, PIXELS = 11, 3, 6
AN_EPOCH = IMAGES // BATCH


def opened(name: str, folder: Path | None = None, *, distorted: bool = False) -> streams.Stream:
    more = ",stream=true" * (name != "generated") + ",distorted=true" * distorted
    return streams.opened(choose_data(f"{name}:size={PIXELS}{more}"), folder)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """A folder with the set "grey": each image even, of a grey that is its label's."""
    folder = tmp_path_factory.mktemp("prepared")
    labels = np.arange(IMAGES)
    images = np.broadcast_to(20 * labels[:, None, None, None], (IMAGES, 9, 12, 3)).astype(np.uint8)
    tfds.dataset_builders.store_as_tfds_dataset(
        name="grey",
        version="1.0.0",
        data_dir=folder,
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
                "label": tfds.features.ClassLabel(num_classes=IMAGES),
            }
        ),
        split_datasets={
            split: tf.data.Dataset.from_tensor_slices({"image": images, "label": labels})
            for split in ("train", "validation")
        },
        disable_shuffling=True,
    )
    return folder


def batches(stream, first=0, steps=3 * AN_EPOCH, *, seed=0, reshuffle=True):
    found = list(stream.training(first, steps, BATCH, seed, reshuffle))
    return np.stack([x for x, _ in found]), np.stack([y for _, y in found])


@pytest.mark.full
@pytest.mark.parametrize("reshuffle", [True, False])
@pytest.mark.parametrize("stop", [1, AN_EPOCH, AN_EPOCH + 2])
def test_what_a_step_sees_does_not_depend_on_where_the_stream_began(store, stop, reshuffle):
    stream = opened("grey", store, distorted=True)
    images, labels = batches(stream, reshuffle=reshuffle)
    rest = batches(stream, stop, 3 * AN_EPOCH - stop, reshuffle=reshuffle)
    np.testing.assert_array_equal(rest[0], images[stop:])
    np.testing.assert_array_equal(rest[1], labels[stop:])
    other = batches(stream, seed=1, reshuffle=reshuffle)
    assert not np.array_equal(other[0], images)


def test_an_epoch_sees_no_image_twice_and_the_next_has_another_order(store):
    epochs = batches(opened("grey", store))[1].reshape(3, -1)
    assert all(len(set(epoch)) == AN_EPOCH * BATCH for epoch in epochs.tolist())
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 3


def test_without_shuffling_a_file_is_read_in_its_order(store):
    epochs = batches(opened("grey", store), reshuffle=False)[1].reshape(3, -1)
    np.testing.assert_array_equal(epochs, [np.arange(AN_EPOCH * BATCH)] * 3)


def test_what_is_tested_on_is_all_of_it_undistorted(store):
    ((images, labels),) = opened("grey", store, distorted=True).testing(BATCH)
    assert images.shape == (IMAGES, PIXELS, PIXELS, 3)
    wanted = 2 * 20 * np.arange(IMAGES) / 255 - 1
    np.testing.assert_array_equal(labels, np.arange(IMAGES))
    np.testing.assert_allclose(images[:, 0, 0, 0], wanted, atol=1e-6)
    np.testing.assert_allclose(images, images[:, :1, :1, :1] + np.zeros_like(images), atol=1e-6)


def test_less_distortion_leaves_an_image_nearer_to_what_it_was(store):
    off = {}
    for distorted in (False, True):
        images, labels = batches(opened("grey", store, distorted=distorted))
        even = np.broadcast_to((2 * 20 * labels / 255 - 1)[..., None, None, None], images.shape)
        assert images.min() >= -1
        assert images.max() <= 1
        off[distorted] = np.abs(images - even).mean()
    # Of an even grey the hue, the saturation and the contrast are nothing: brightness is left.
    assert 0.03 < off[False] < 0.7 * off[True]


def test_no_distortion_at_all_is_the_image():
    from keras_norms.lab.data import crops

    image = np.random.default_rng(0).uniform(0.1, 0.9, (5, 4, 3)).astype(np.float32)
    same = crops.distorted(tf.constant(image), tf.constant([3, 4]), 0.0)
    np.testing.assert_allclose(same, image, atol=1e-5)


def test_generated_batches_are_those_of_their_step():
    stream = opened("generated")
    whole, rest = stream.training(0, 4, 2, 0, True), stream.training(3, 1, 2, 0, True)
    assert (len(whole), whole[0][0].shape) == (4, (2, PIXELS, PIXELS, 3))
    np.testing.assert_array_equal(whole[3][0], rest[0][0])
    assert not np.array_equal(whole[2][0], rest[0][0])
    assert not np.array_equal(stream.testing(2)[0][0], whole[0][0])


def test_sets_that_cannot_be_streamed(store, tmp_path):
    with pytest.raises(BadInput, match=r"data='gray' is not prepared in .* \(did you mean 'grey'"):
        opened("gray", store)
    with pytest.raises(BadInput, match=r"batch=12: 'grey' has 11 training examples"):
        opened("grey", store).training(0, 1, 12, 0, True)
    with pytest.raises(BadInput, match=r"(?s)'imagenet2012' is not prepared.*tfds build"):
        opened("imagenet2012", tmp_path)


def test_files_that_tf_data_cannot_read(store, tmp_path):
    folder = tmp_path / "grey" / "1.0.0"
    folder.mkdir(parents=True)
    for file in (store / "grey" / "1.0.0").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    info = json.loads((folder / "dataset_info.json").read_text())
    (folder / "dataset_info.json").write_text(json.dumps(info | {"fileFormat": "array_record"}))
    with pytest.raises(BadInput, match=r"data='grey' is stored as array_record, which tf\.data"):
        opened("grey", tmp_path)
