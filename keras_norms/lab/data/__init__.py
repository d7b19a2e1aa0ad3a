"""Data for classification, as arrays."""

from __future__ import annotations

from pathlib import Path

from keras_norms.lab.data.digits import digits
from keras_norms.lab.data.images import ImageData as ImageData
from keras_norms.lab.data.preparation import Preparation
from keras_norms.lab.data.table import DOCS, choose_data, is_stream
from keras_norms.lab.data.text import docs
from keras_norms.lab.data.tfds import load_tfds
from keras_norms.lab.data.yours import load_yours
from keras_norms.lab.errors import BadInput
from keras_norms.lab.user_object import is_user_object


def load(
    spec: str,
    *,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
    download: bool = False,
) -> ImageData:
    """The data of a spec, by default with training mean 0 and deviation 1 in each channel.

    Args:
        spec: "digits" (scikit-learn's, embedded), "docs" (characters, see `text.docs`), an image
            classification set of TensorFlow Datasets, or `@module.attribute` of yours, with
            arguments of `Preparation`, as in "cifar10:part=0.1,size=16".
        data_dir: where TensorFlow Datasets has prepared sets; its own default otherwise.
        cache_dir: where decoded arrays are kept, so that TensorFlow is needed only once; by
            default `$KERAS_NORMS_CACHE`, else `~/.cache/keras_norms`.
        download: whether TensorFlow Datasets may fetch and prepare the set.

    Raises:
        BadInput: a set that is unknown, not there, or no image classification set.
    """
    chosen = choose_data(spec)
    if is_stream(chosen):
        raise BadInput(f"Invalid data={spec!r}: a stream is not held in memory; leave stream out")
    prepare = Preparation(chosen.text, chosen.arguments)
    if chosen.name == "digits":
        return digits(prepare)
    if chosen.name == DOCS:
        return docs(chosen, prepare)
    if is_user_object(chosen.name):
        return load_yours(chosen, prepare)
    version = chosen.arguments["version"]
    name = f"{chosen.name}:{version}" if version else chosen.name
    return load_tfds(name, prepare, data_dir=data_dir, cache_dir=cache_dir, download=download)
