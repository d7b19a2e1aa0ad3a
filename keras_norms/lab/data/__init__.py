"""Image classification data, as arrays."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from keras_norms.lab.data.digits import digits
from keras_norms.lab.data.images import ImageData as ImageData
from keras_norms.lab.data.images import binarized, standardized, tenth
from keras_norms.lab.data.tfds import load_tfds

BINARY, TENTH = "binary:", "tenth:"


def load(
    name: str,
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    download: bool = False,
) -> ImageData:
    """The data set `name`, standardized: training mean 0 and deviation 1 in each channel.

    "binary:" before the name gives images of 0 and 1 instead, as in "binary:mnist": 1 where a value
    is above half of the largest. "tenth:" keeps every tenth image, to train and to test on, as in
    "tenth:cifar10" or "binary:tenth:mnist".

    Args:
        name: "digits" (scikit-learn's, embedded), or an image classification set of TensorFlow
            Datasets.
        data_dir: where TensorFlow Datasets has prepared sets; its own default otherwise.
        cache_dir: where decoded arrays are kept, so that TensorFlow is needed only once; by
            default `$KERAS_NORMS_CACHE`, else `~/.cache/keras_norms`.
        download: whether TensorFlow Datasets may fetch and prepare the set.

    Raises:
        BadInput: a set that is unknown, not there, or no image classification set.
    """
    prepare = standardized
    if name.startswith(BINARY):
        name, prepare = name.removeprefix(BINARY), binarized
    if name.startswith(TENTH):
        name, prepare = name.removeprefix(TENTH), partial(tenth, prepare)
    if name == "digits":
        return digits(prepare)
    where = {"data_dir": data_dir, "cache_dir": cache_dir}
    return load_tfds(name, **where, download=download, prepare=prepare)
