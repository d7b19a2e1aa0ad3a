"""Any image classification set of TensorFlow Datasets, decoded once."""

from __future__ import annotations

import difflib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from keras_norms.lab.data.cache import Cache
from keras_norms.lab.data.images import ImageData, standardized
from keras_norms.lab.errors import BadInput

TEST_SPLITS = ("test", "validation")


def load_tfds(
    name: str,
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    download: bool = False,
) -> ImageData:
    """See `keras_norms.lab.data.load`. From the cache where it is whole, else decoded into it."""
    cache = Cache(name, cache_dir)
    cached = cache.read()
    if cached is None:
        try:
            arrays, classes = _decode(name, data_dir, download)
        except BadInput as error:
            if cache.is_damaged:
                raise BadInput(f"{error} (its cache {str(cache.folder)!r} is cut short)") from error
            raise
        cache.write(arrays, classes)
        cached = arrays, classes
    arrays, classes = cached
    train, test = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    return standardized(name, train, test, classes)


def _decode(
    name: str, data_dir: str | Path | None, download: bool
) -> tuple[dict[str, np.ndarray], int]:
    for package in ("tensorflow_datasets", "tensorflow"):
        if importlib.util.find_spec(package) is None:
            raise BadInput(
                f"data={name!r} is not in the cache, and decoding it needs {package}, which is "
                "not installed: install it, or copy the cache from a machine that has it"
            )
    import tensorflow_datasets as tfds

    if data_dir is not None and not Path(data_dir).is_dir():
        raise BadInput(f"data_dir={str(data_dir)!r} is not a folder")
    builder = _builder(tfds, name, data_dir)
    if not builder.info.splits:
        if not download:
            raise BadInput(
                f"data={name!r} is not prepared in data_dir={str(builder._data_dir_root)!r}: "
                "allow its download (--download), or name the folder that has it (--data-dir)"
            )
        builder.download_and_prepare()
    _require_classification(builder, name)
    test = next((split for split in TEST_SPLITS if split in builder.info.splits), None)
    if "train" not in builder.info.splits or test is None:
        raise BadInput(
            f"data={name!r} has splits {sorted(builder.info.splits)}: 'train' and 'test' or "
            "'validation' are needed"
        )
    arrays = {}
    for role, split in (("train", "train"), ("test", test)):
        whole = builder.as_dataset(split=split, as_supervised=False, shuffle_files=False)
        examples = [(example["image"], example["label"]) for example in tfds.as_numpy(whole)]
        arrays[f"x_{role}"] = np.stack([image for image, _ in examples])
        arrays[f"y_{role}"] = np.array([label for _, label in examples], dtype=np.int32)
    return arrays, builder.info.features["label"].num_classes


def _builder(tfds: Any, name: str, data_dir: str | Path | None) -> Any:
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        prepared = [] if data_dir is None else [p.name for p in Path(data_dir).iterdir()]
        known = ["digits", *prepared, *tfds.list_builders()]
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see tfds.list_builders"
        raise BadInput(f"data={name!r} is no data set of TensorFlow Datasets: {hint}") from error


def _require_classification(builder: Any, name: str) -> None:
    features = builder.info.features
    if not {"image", "label"} <= set(features) or not hasattr(features["label"], "num_classes"):
        raise BadInput(
            f"data={name!r} is no image classification set: its features are {sorted(features)}, "
            "and 'image' and 'label' are needed"
        )
    if None in features["image"].shape:
        raise BadInput(
            f"data={name!r} has images of varying size {features['image'].shape}: choose a set "
            "whose images have one size"
        )
