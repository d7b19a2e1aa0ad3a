"""Images that memory cannot hold, batch by batch: generated ones, and sets of TFDS as streams.

What a step sees is a function of the seed and of the step alone, so that an interrupted run
resumes as if it had not been. Files are read by tf.data on every backend, which Keras feeds to JAX
and to torch; generated images need no TensorFlow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from keras_norms.lab.data.table import GENERATED
from keras_norms.lab.data.tfds import prepared_builder, split_to_test_on
from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import Chosen

PIXELS, CLASSES = 224, 1000  # of generated images; of any set unless its size is given
TEST_BATCH = 250  # divides the 50,000 images to validate on
TESTED = 2  # batches of generated images
TRAINING, TESTING = 0, 1  # apart from each other and from what else is drawn from a seed
SHUFFLED = 20_000  # images among which one is drawn: those of 16 of ImageNet's 1,024 files
FILES = 16  # that are read in turn
IMAGENET = (
    "put ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar, which image-net.org gives to whoever "
    "accepts its terms, into DIR/downloads/manual, and run `tfds build imagenet2012 --data_dir DIR`"
)


class Stream(Protocol):
    """Images in [-1, 1] (float32, 3 channels) and labels (int32), for `fit` and `evaluate`."""

    name: str
    input_shape: tuple[int, int, int]
    classes: int

    def training(self, first: int, steps: int, batch: int, seed: int, reshuffle: bool) -> Any:
        """The batches of `steps` steps, from the step `first` of the run with that seed."""

    def testing(self, batch: int) -> Any:
        """What to test on, always in the same order; `batch` is what memory is known to hold."""


def opened(data: Chosen, data_dir: str | Path | None = None) -> Stream:
    """The stream of a spec: "generated", or a set of TFDS with `stream=true`.

    Raises:
        BadInput: a set that is not there, or that cannot be streamed.
    """
    pixels = data.arguments["size"] or PIXELS
    if data.name == GENERATED:
        return Generated(pixels)
    version = data.arguments["version"]
    name = f"{data.name}:{version}" if version else data.name
    return Files(name, pixels, data_dir, distorted=data.arguments["distorted"])


class Generated:
    """Independent normal values, whose labels say nothing about them."""

    name, classes = GENERATED, CLASSES

    def __init__(self, pixels: int) -> None:
        self.input_shape = (pixels, pixels, 3)

    def training(self, first: int, steps: int, batch: int, seed: int, reshuffle: bool) -> Any:
        return _Batches(first, steps, (batch, *self.input_shape), (seed, TRAINING))

    def testing(self, batch: int) -> Any:
        return _Batches(0, TESTED, (batch, *self.input_shape), (TESTING,))


class _Batches(keras.utils.PyDataset):
    def __init__(
        self, first: int, steps: int, shape: tuple[int, ...], seed: tuple[int, ...]
    ) -> None:
        super().__init__()
        self._first, self._steps, self._shape, self._seed = first, steps, shape, seed

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        draw = np.random.default_rng([*self._seed, self._first + index])
        images = draw.standard_normal(self._shape, np.float32)
        return images, draw.integers(CLASSES, size=self._shape[0], dtype=np.int32)


class Files:
    """A prepared set of TFDS: TFRecord files, in a new order each epoch.

    Args:
        name: of the set, with its version if any.
        pixels: of the crops.
        data_dir: see `keras_norms.lab.data.load`.
        distorted: photometric distortions in full; else at half their strength.

    Raises:
        BadInput: see `keras_norms.lab.data.tfds.prepared_builder`; files of another format.
    """

    def __init__(
        self,
        name: str,
        pixels: int = PIXELS,
        data_dir: str | Path | None = None,
        *,
        distorted: bool = False,
    ) -> None:
        hint = IMAGENET if name.partition(":")[0] == "imagenet2012" else ""
        self._builder = prepared_builder(name, data_dir=data_dir, hint=hint)
        info = self._builder.info
        if info.file_format.value != "tfrecord":
            raise BadInput(
                f"data={name!r} is stored as {info.file_format.value}, which tf.data cannot read: "
                "prepare it as TFRecord, with `tfds build NAME --file_format=tfrecord`"
            )
        self.name = name
        self.input_shape = (pixels, pixels, 3)
        self.classes = info.features["label"].num_classes
        self._test = split_to_test_on(self._builder)
        self._examples = info.splits["train"].num_examples
        self._strength = 1.0 if distorted else 0.5

    def training(self, first: int, steps: int, batch: int, seed: int, reshuffle: bool) -> Any:
        """Random crops, mirrored or not and distorted; what is left of an epoch is dropped.

        Without `reshuffle` the files alone change their order.
        """
        from keras_norms.lab.data import crops

        an_epoch = self._examples // batch
        if not an_epoch:
            raise BadInput(
                f"Invalid batch={batch}: {self.name!r} has {self._examples} training examples; "
                "write a smaller one"
            )
        epoch, done = divmod(first, an_epoch)
        records = self._epoch(epoch, an_epoch * batch, seed, reshuffle).skip(done * batch)
        while (epoch + 1) * an_epoch < first + steps:
            epoch += 1
            records = records.concatenate(self._epoch(epoch, an_epoch * batch, seed, reshuffle))
        return (
            crops.random(records, first * batch, seed, self.input_shape[0], self._strength)
            .batch(batch, drop_remainder=True)
            .take(steps)
            .prefetch(crops.AUTOTUNE)
        )

    def testing(self, batch: int) -> Any:
        from keras_norms.lab.data import crops

        return (
            crops.central(self._records(self._test), self.input_shape[0])
            .batch(TEST_BATCH)
            .prefetch(2)
        )

    def _epoch(self, epoch: int, examples: int, seed: int, reshuffle: bool) -> Any:
        files, order = np.random.default_rng([seed, epoch]).integers(2**31, size=2).tolist()
        records = self._records("train", files)
        if reshuffle:
            records = records.shuffle(SHUFFLED, seed=order, reshuffle_each_iteration=False)
        return records.take(examples)

    def _records(self, split: str, seed: int | None = None) -> Any:
        """Images as they are stored, with their labels."""
        import tensorflow_datasets as tfds

        return self._builder.as_dataset(
            split=split,
            shuffle_files=seed is not None,
            decoders={"image": tfds.decode.SkipDecoding()},
            read_config=tfds.ReadConfig(
                shuffle_seed=seed,
                interleave_cycle_length=FILES,
                skip_prefetch=True,
                enable_ordering_guard=False,
            ),
        )
