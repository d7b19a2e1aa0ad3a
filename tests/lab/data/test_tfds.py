"""Sets of TensorFlow Datasets: small ones that are stored here, and MNIST where it is prepared."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from keras_norms.lab import data
from keras_norms.lab.data.cache import Cache
from keras_norms.lab.data.prepared import find
from keras_norms.lab.errors import BadInput

tf = pytest.importorskip("tensorflow")
tfds = pytest.importorskip("tensorflow_datasets")

pytestmark = pytest.mark.once

PREPARED = Path(__file__).parents[4] / "shared" / "data" / "tfds"
Store = Callable[..., Path]


def images(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 5, 4, 3), np.uint8)


def labels(count: int) -> np.ndarray:
    return np.arange(count) % 3


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Stores a set "tiny" with the given splits and says in which `data_dir`."""

    def stored(shape=(5, 4, 3), label="label", **splits: tuple[np.ndarray, np.ndarray]) -> Path:
        features = {
            "image": tfds.features.Image(shape=shape),
            label: tfds.features.ClassLabel(num_classes=3),
        }
        sets = {
            split: tf.data.Dataset.from_tensor_slices({"image": x, label: y})
            for split, (x, y) in splits.items()
        }
        tfds.dataset_builders.store_as_tfds_dataset(
            name="tiny",
            version="1.0.0",
            data_dir=tmp_path / "prepared",
            features=tfds.features.FeaturesDict(features),
            split_datasets=sets,
            disable_shuffling=True,
        )
        return tmp_path / "prepared"

    return stored


@pytest.mark.parametrize("role", ["test", "validation"])
def test_a_stored_set_comes_back(store: Store, tmp_path: Path, role: str):
    train, test = (images(30, 0), labels(30)), (images(9, 1), labels(9))
    where = store(**{"train": train, role: test})
    tiny = data.load("tiny", data_dir=where, cache_dir=tmp_path / "cache")
    assert (tiny.classes, tiny.input_shape) == (3, (5, 4, 3))
    pixels = train[0].reshape(-1, 3).astype(np.float64)
    for found, raw in ((tiny.x_train, train[0]), (tiny.x_test, test[0])):
        np.testing.assert_allclose(found, (raw - pixels.mean(0)) / pixels.std(0), atol=1e-5)
    np.testing.assert_array_equal(tiny.y_train, train[1])
    np.testing.assert_array_equal(tiny.y_test, test[1])


def test_a_cut_cache_is_decoded_again(store: Store, tmp_path: Path):
    where = store(train=(images(30, 0), labels(30)), test=(images(9, 1), labels(9)))
    first = data.load("tiny", data_dir=where, cache_dir=tmp_path / "cache")
    (tmp_path / "cache" / "tiny" / "x_train.npy").write_bytes(b"\x93NUMPY")
    again = data.load("tiny", data_dir=where, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(first.x_train, again.x_train)
    assert Cache("tiny", tmp_path / "cache").read() is not None


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"test": (images(4, 0), labels(4))}, r"has splits \['test'\]: 'train' and"),
        ({"train": (images(4, 0), labels(4))}, r"has splits \['train'\]: 'train' and"),
        (
            {"label": "kind", "train": (images(4, 0), labels(4))},
            r"is no image classification set: its features are \['image', 'kind'\]",
        ),
        (
            {"shape": (None, None, 3), "train": (images(4, 0), labels(4))},
            r"has images of varying size \(None, None, 3\)",
        ),
        (
            {"train": (images(4, 0), labels(4)), "test": (images(4, 0), np.full(4, -1))},
            r"has no labels in its split 'test'",
        ),
    ],
    ids=["no train", "no test", "no label", "varying size", "hidden labels"],
)
def test_sets_that_cannot_be_used(store: Store, tmp_path: Path, stored: dict, said: str):
    where = store(**stored)
    with pytest.raises(BadInput, match="data='tiny' " + said):
        data.load("tiny", data_dir=where, cache_dir=tmp_path / "cache")
    assert Cache("tiny", tmp_path / "cache").read() is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tny", r"data='tny' is not prepared in data_dir='.*prepared' \(did you mean 'tiny'"),
        ("digit", r"data='digit' is not prepared in .* \(did you mean 'digits'"),
        ("cifar10", r"data='cifar10' is not prepared in .* \(prepared there: tiny\)"),
        ("tiny:version='9.9.9'", r"data='tiny:9\.9\.9' is not prepared in "),
        ("tiny/none", r"data='tiny/none' is not prepared in "),
        ("two words", r"Invalid data='two words': .* is out of place"),
        ("", r"Invalid data='': .* is no name"),
        ("..", r"Invalid data='\.\.': .* is no name"),
        ("../tiny", r"Invalid data='\.\./tiny': .* is no name"),
    ],
)
def test_names_that_are_not_there(store: Store, tmp_path: Path, name: str, said: str):
    where = store(train=(images(2, 0), labels(2)), test=(images(2, 1), labels(2)))
    with pytest.raises(BadInput, match=said):
        data.load(name, data_dir=where, cache_dir=tmp_path / "cache")


def test_a_cached_set_is_still_asked_of_the_data_dir(store: Store, tmp_path: Path):
    """A data_dir without the set is a mistake, whatever an earlier call has decoded."""
    where = store(train=(images(2, 0), labels(2)), test=(images(2, 1), labels(2)))
    data.load("tiny", data_dir=where, cache_dir=tmp_path / "cache")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"data='tiny' is not prepared in data_dir='.*empty'"):
        data.load("tiny", data_dir=tmp_path / "empty", cache_dir=tmp_path / "cache")
    with pytest.raises(BadInput, match=r"data_dir='.*nowhere' is no folder"):
        data.load("tiny", data_dir=tmp_path / "nowhere", cache_dir=tmp_path / "cache")


def test_a_set_prepared_anew_is_decoded_anew(store: Store, tmp_path: Path):
    data.load(
        "tiny",
        data_dir=store(train=(images(2, 0), labels(2)), test=(images(2, 1), labels(2))),
        cache_dir=tmp_path / "cache",
    )
    shutil.rmtree(tmp_path / "prepared")
    where = store(train=(images(8, 0), labels(8)), test=(images(2, 1), labels(2)))
    tiny = data.load("tiny", data_dir=where, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(tiny.y_train, labels(8))


def test_versions_and_configurations_are_found_by_name(tmp_path: Path):
    for version in ("many/one/1.9.0", "many/one/1.10.0", "many/two/1.0.0", "set/2.0.0"):
        (tmp_path / version).mkdir(parents=True)
        (tmp_path / version / "dataset_info.json").write_text("{}")
    assert find("many/one", tmp_path) == tmp_path / "many/one/1.10.0"
    assert find("many/one:1.9.0", tmp_path) == tmp_path / "many/one/1.9.0"
    assert find("set", tmp_path) == tmp_path / "set/2.0.0"
    assert find("set:1.0.0", tmp_path) is None
    with pytest.raises(BadInput, match=r"several configurations: write one of many/one, many/two"):
        find("many", tmp_path)


def test_a_cache_that_cannot_be_written_is_said_before_decoding(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    where = store(train=(images(4, 0), labels(4)), test=(images(4, 1), labels(4)))
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(data.tfds, "_decode", lambda *_: pytest.fail("decoded for nothing"))
    with pytest.raises(BadInput, match=r"cache_dir='.*file/tiny' cannot be written"):
        data.load("tiny", data_dir=where, cache_dir=tmp_path / "file")


@pytest.mark.parametrize("name", ["no_such_set_at_all", "mnist:version='9.9.9'", "mnist/none"])
def test_what_cannot_be_downloaded(tmp_path: Path, name: str):
    with pytest.raises(BadInput, match=r"data='[\w:./]+' is not to be had: .+"):
        data.load(name, data_dir=tmp_path, cache_dir=tmp_path / "cache", download=True)


@pytest.mark.full
@pytest.mark.skipif(not (PREPARED / "mnist").is_dir(), reason=f"no prepared MNIST in {PREPARED}")
def test_mnist_is_the_published_one(tmp_path: Path):
    """Sizes and mean of LeCun et al.; the label histograms are known to every tutorial."""
    mnist = data.load("mnist", data_dir=PREPARED, cache_dir=tmp_path)
    assert (mnist.x_train.shape, mnist.x_test.shape) == ((60000, 28, 28, 1), (10000, 28, 28, 1))
    np.testing.assert_array_equal(
        np.bincount(mnist.y_train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    )
    np.testing.assert_array_equal(
        np.bincount(mnist.y_test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
    # Black and white, standardized by the published mean 0.1307 and deviation 0.3081.
    assert mnist.x_train.min() == pytest.approx(-0.1307 / 0.3081, abs=1e-3)
    assert mnist.x_train.max() == pytest.approx((1 - 0.1307) / 0.3081, abs=1e-3)
    pixels = Cache("mnist", tmp_path).read()[0]["x_train"]
    assert pixels.dtype == np.uint8
