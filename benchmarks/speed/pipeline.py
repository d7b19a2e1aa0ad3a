"""Images a second of the stream alone, from files like ImageNet's."""

from __future__ import annotations

import tempfile
import time

import numpy as np

from benchmarks.speed.clock import on_gpu
from keras_norms.lab.data.streams import Files
from keras_norms.lab.machine import require_machine

IMAGES, SEEN, CLASSES = 64, 256, 10
HEIGHT, WIDTH = 375, 500  # the usual ones
COARSE, NOISE = 16, 8.0  # pixels of an even patch, standard deviation of a value of 0 to 255


def images_per_second(*, batch: int, machine: str) -> float:
    """Images a second: of the time that passes beside a GPU, else of CPU time."""
    require_machine(machine)
    clock = time.perf_counter if on_gpu() else time.process_time
    with tempfile.TemporaryDirectory() as folder:
        store(folder)
        stream = Files("generated_jpeg", data_dir=folder, distorted=True)
        batches = iter(stream.training(0, 1 + SEEN // batch, batch, seed=0, reshuffle=True))
        next(batches)  # traced, and the shuffle is full
        started = clock()
        seen = sum(len(labels) for _, labels in batches)
        return seen / (clock() - started)


def store(folder: str) -> None:
    """Smooth images with some noise, which are about as long as photographs when compressed."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    draw = np.random.default_rng(0)

    coarse = draw.uniform(0, 255, (IMAGES, HEIGHT // COARSE + 1, WIDTH // COARSE + 1, 3))
    images = tf.image.resize(coarse, (HEIGHT, WIDTH), "bicubic").numpy()
    images += draw.normal(0, NOISE, images.shape)
    labels = np.arange(IMAGES) % CLASSES
    stored = {"image": np.clip(images, 0, 255).astype(np.uint8), "label": labels}
    features = {
        "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
        "label": tfds.features.ClassLabel(num_classes=CLASSES),
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name="generated_jpeg",
        version="1.0.0",
        data_dir=folder,
        features=tfds.features.FeaturesDict(features),
        split_datasets={
            split: tf.data.Dataset.from_tensor_slices(stored) for split in ("train", "validation")
        },
    )
