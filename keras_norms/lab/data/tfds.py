"""Any image classification set of TensorFlow Datasets, decoded once."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from keras_norms.lab.data import prepared
from keras_norms.lab.data.cache import Cache, Damaged
from keras_norms.lab.data.images import ImageData
from keras_norms.lab.data.preparation import Prepare
from keras_norms.lab.errors import BadInput

TEST_SPLITS = ("test", "validation")


def load_tfds(
    name: str,
    prepare: Prepare,
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    download: bool = False,
) -> ImageData:
    """See `keras_norms.lab.data.load`. From the cache where it is whole, else decoded into it."""
    root = _root(name, data_dir, download)
    folder = prepared.find(name, root)
    cache = Cache(name, cache_dir)
    if folder is None and data_dir is None and not download:
        # A machine that never had the set may still have its arrays.
        cached = cache.read()
    else:
        folder = folder or _prepared_now(name, root, download)
        cached = _of_this_set(cache, folder)
    if cached is None:
        raise _is_not_there(name, root)
    arrays, classes = cached
    train, test = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    return prepare(name, train, test, classes)


def prepared_builder(name: str, *, data_dir: str | Path | None = None, hint: str = "") -> Any:
    """TensorFlow Datasets' builder of a prepared set, for whoever streams what memory cannot hold.

    Args:
        name, data_dir: see `keras_norms.lab.data.load`.
        hint: how to prepare the set, for the error where it is not there.

    Raises:
        BadInput: a set that is not there, or is no image classification set.
    """
    root = _root(name, data_dir, download=False)
    folder = prepared.find(name, root)
    if folder is None:
        raise _is_not_there(name, root, hint)
    builder = _tensorflow_datasets(f"streaming data={name!r}").builder_from_directory(folder)
    _require_labelled(builder)
    return builder


def _root(name: str, data_dir: str | Path | None, download: bool) -> Path:
    if data_dir is not None and not Path(data_dir).is_dir() and not download:
        raise BadInput(f"data_dir={str(data_dir)!r} is no folder: write where {name!r} is prepared")
    return prepared.default_data_dir() if data_dir is None else Path(data_dir)


def _of_this_set(cache: Cache, folder: Path) -> tuple[dict[str, np.ndarray], int]:
    source = hashlib.sha256((folder / prepared.INFO).read_bytes()).hexdigest()
    try:
        if cached := cache.read(source):
            return cached
    except Damaged:
        pass  # the set is at hand, so it is decoded again
    cache.require_writable()
    arrays, classes = _decode(folder)
    cache.write(arrays, classes, source)
    return arrays, classes


def _is_not_there(name: str, data_dir: Path, hint: str = "") -> BadInput:
    hint = hint or f"prepare it with `load({name!r}, data_dir=..., download=True)`"
    return BadInput(
        f"data={name!r} is not prepared in data_dir={str(data_dir)!r} "
        f"({prepared.near(name, data_dir)}): name the folder that has it, or {hint}"
    )


def _prepared_now(name: str, data_dir: Path, download: bool) -> Path:
    if not download:
        raise _is_not_there(name, data_dir)
    tfds = _tensorflow_datasets(f"fetching data={name!r}")
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    # An unknown name or configuration, an unknown version, a package that it needs and misses.
    except (ValueError, AssertionError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInput(f"data={name!r} is not to be had: {reason}") from error
    builder.download_and_prepare()
    return Path(builder.data_dir)


def _tensorflow_datasets(what: str) -> Any:
    for package in ("tensorflow_datasets", "tensorflow"):
        if importlib.util.find_spec(package) is None:
            raise BadInput(
                f"{what} needs {package}, which is not installed: install it, or copy the cache "
                "from a machine that has it and leave data_dir out"
            )
    import tensorflow_datasets as tfds

    return tfds


def _decode(folder: Path) -> tuple[dict[str, np.ndarray], int]:
    tfds = _tensorflow_datasets(f"decoding data_dir={str(folder)!r}")
    builder = tfds.builder_from_directory(folder)
    _require_labelled(builder)
    if None in builder.info.features["image"].shape:
        raise BadInput(
            f"data={builder.name!r} has images of varying size "
            f"{builder.info.features['image'].shape}: choose a set whose images have one size"
        )
    test = split_to_test_on(builder)
    arrays = {}
    for role, split in (("train", "train"), ("test", test)):
        examples = builder.info.splits[split].num_examples
        image = builder.info.features["image"]
        arrays[f"x_{role}"] = x = np.empty((examples, *image.shape), image.np_dtype)
        arrays[f"y_{role}"] = y = np.empty(examples, np.int32)
        for index, example in enumerate(_examples(tfds, builder, split)):
            x[index], y[index] = example["image"], example["label"]
        if y.min() < 0:
            raise BadInput(f"data={builder.name!r} has no labels in its split {split!r}")
    return arrays, builder.info.features["label"].num_classes


def _examples(tfds: Any, builder: Any, split: str) -> Iterable[dict[str, Any]]:
    # ArrayRecord files are read at random and never by tf.data, TFRecord files the other way.
    if builder.info.file_format is tfds.core.FileFormat.ARRAY_RECORD:
        return builder.as_data_source(split)
    return tfds.as_numpy(builder.as_dataset(split=split, shuffle_files=False))


def split_to_test_on(builder: Any) -> str:
    """The name of the split to test on, where there is one to train on as well."""
    found = next((split for split in TEST_SPLITS if split in builder.info.splits), None)
    if "train" not in builder.info.splits or found is None:
        raise BadInput(
            f"data={builder.name!r} has splits {sorted(builder.info.splits)}: 'train' and 'test' "
            "or 'validation' are needed"
        )
    return found


def _require_labelled(builder: Any) -> None:
    features = builder.info.features
    if not {"image", "label"} <= set(features) or not hasattr(features["label"], "num_classes"):
        raise BadInput(
            f"data={builder.name!r} is no image classification set: its features are "
            f"{sorted(features)}, and 'image' and 'label' are needed"
        )
