"""Decoded images on disk: whole, cut short, stopped in the middle."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from keras_norms.lab import data
from keras_norms.lab.data.cache import ARRAYS, Cache, Damaged
from keras_norms.lab.errors import BadInput

pytestmark = pytest.mark.once


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (20, 4, 4, 3), np.uint8),
        "y_train": rng.integers(0, 3, 20, np.int32),
        "x_test": rng.integers(0, 256, (7, 4, 4, 3), np.uint8),
        "y_test": rng.integers(0, 3, 7, np.int32),
    }


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    written = Cache("things", tmp_path)
    written.write(arrays(), 3, "a source")
    return written


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for package in ("tensorflow", "tensorflow_datasets"):
        monkeypatch.setitem(sys.modules, package, None)  # importing it raises
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing prepared"))


def files(cache: Cache) -> set[str]:
    return {path.name for path in cache.folder.iterdir()}


def test_what_is_written_is_read(cache: Cache):
    found, classes = cache.read("a source")
    assert classes == 3
    for name, array in arrays().items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_nothing_else_is_left_in_it(cache: Cache):
    cache.require_writable()
    assert files(cache) == {"facts.json", *(f"{name}.npy" for name in ARRAYS)}


def test_no_cache_and_another_source_are_none(cache: Cache, tmp_path: Path):
    assert Cache("others", tmp_path).read() is None
    assert cache.read("another source") is None
    assert cache.read() is not None


@pytest.mark.parametrize("keep", [0, 10, -1])
@pytest.mark.parametrize("name", [*(f"{name}.npy" for name in ARRAYS), "facts.json"])
def test_a_file_cut_short_is_named(cache: Cache, name: str, keep: int):
    path = cache.folder / name
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(Damaged, match=rf"things/{name}' is cut short or missing: give"):
        cache.read()


def test_a_missing_file_is_named(cache: Cache):
    (cache.folder / "y_test.npy").unlink()
    with pytest.raises(Damaged, match=r"y_test\.npy' is cut short or missing"):
        cache.read()


def test_an_array_of_another_shape_is_refused(cache: Cache):
    np.save(cache.folder / "x_train.npy", arrays()["x_test"])
    with pytest.raises(Damaged, match=r"x_train\.npy"):
        cache.read()


def test_a_damaged_cache_is_written_anew(cache: Cache):
    (cache.folder / "x_train.npy").write_bytes(b"")
    cache.write(arrays(), 3, "a source")
    np.testing.assert_array_equal(cache.read()[0]["x_train"], arrays()["x_train"])


@pytest.mark.parametrize("saved", range(4))
def test_a_stop_while_writing_leaves_no_cache(
    cache: Cache, saved: int, monkeypatch: pytest.MonkeyPatch
):
    """New arrays never come under old facts: after a stop it is no cache, until written again."""
    left, save = iter(range(saved)), np.save

    def stops(file: object, array: np.ndarray) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        save(file, array)

    monkeypatch.setattr(np, "save", stops)
    with pytest.raises(KeyboardInterrupt):
        cache.write(arrays(), 3, "another source")
    assert cache.read() is None
    assert files(cache) <= {f"{name}.npy" for name in ARRAYS}


def test_a_full_disk_is_bad_input(cache: Cache, monkeypatch: pytest.MonkeyPatch):
    def full(file: object, array: np.ndarray) -> None:
        raise OSError("320 requested and 17 written")  # as NumPy says it, without an errno

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(BadInput, match=r"cannot be written \(320 requested and 17 written\)"):
        cache.write(arrays(), 3, "a source")


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    cache = Cache("things", tmp_path / "file")
    for attempt in (cache.require_writable, lambda: cache.write(arrays(), 3, "a source")):
        with pytest.raises(BadInput, match=r"cache_dir='.*file/things' cannot be written \("):
            attempt()


def test_the_cache_is_enough_without_tensorflow(cache: Cache, without_tensorflow: None):
    things = data.load("things", cache_dir=cache.folder.parent)
    assert things.input_shape == (4, 4, 3)
    pixels = arrays()["x_train"].reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(
        things.x_train.reshape(-1, 3), (pixels - pixels.mean(0)) / pixels.std(0), atol=1e-5
    )
    np.testing.assert_array_equal(things.y_test, arrays()["y_test"])


def test_the_cache_is_where_the_environment_says(
    cache: Cache, without_tensorflow: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KERAS_NORMS_CACHE", str(cache.folder.parent))
    assert data.load("things").classes == 3


def test_neither_cache_nor_prepared_set(tmp_path: Path, without_tensorflow: None):
    said = r"data='things' is not prepared in data_dir='.*nothing prepared' \(prepared there"
    with pytest.raises(BadInput, match=said):
        data.load("things", cache_dir=tmp_path)


def test_a_damaged_cache_that_cannot_be_mended(cache: Cache, without_tensorflow: None):
    path = cache.folder / "x_test.npy"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(BadInput, match=r"cache_dir: '.*things/x_test\.npy' is cut short"):
        data.load("things", cache_dir=cache.folder.parent)


def test_decoding_without_tensorflow_names_what_is_missing(
    tmp_path: Path, without_tensorflow: None
):
    version = tmp_path / "prepared" / "things" / "1.0.0"
    version.mkdir(parents=True)
    (version / "dataset_info.json").write_text("{}")
    with pytest.raises(BadInput, match=r"data_dir='.*' needs tensorflow_datasets, which is not"):
        data.load("things", data_dir=tmp_path / "prepared", cache_dir=tmp_path / "cache")
