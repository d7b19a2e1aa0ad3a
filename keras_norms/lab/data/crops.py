"""Crops of stored images, in tf.data's graph: imported where images are read from files.

The paper says "random crops" and "photometric distortions" and no more. Here: a crop of 8 to 100 %
of the area, 3/4 to 4/3 as wide as high (Szegedy et al. 2014), mirrored half of the time; then
brightness, saturation, hue and contrast, each drawn evenly around no change.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

AUTOTUNE = tf.data.AUTOTUNE
AREA, ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)
# Largest changes at strength 1: of the value, of the factor, of the angle over a full turn.
BRIGHTNESS, SATURATION, HUE, CONTRAST = 32 / 255, 0.5, 0.2, 0.5
CENTRE = 0.875  # of each side, which the network is tested on

if keras.config.backend() != "tensorflow":
    tf.config.set_visible_devices([], "GPU")  # whose memory is the backend's


def random(
    records: tf.data.Dataset, first: int, seed: int, pixels: int, strength: float
) -> tf.data.Dataset:
    """A random crop of each, in [-1, 1], with its label.

    Args:
        records: `{"image": encoded, "label": ...}`.
        first: how many images the run has seen before: each has its own draw by its number.
    """

    def crop(number: tf.Tensor, record: dict[str, Any]) -> tuple[tf.Tensor, tf.Tensor]:
        draws = tf.random.split(tf.stack([tf.cast(seed, tf.int64), number]), 3)
        image = _cut(_decoded(record), draws[0], pixels)
        image = tf.image.stateless_random_flip_left_right(image, draws[1])
        return _scaled(distorted(image, draws[2], strength)), tf.cast(record["label"], tf.int32)

    return records.enumerate(first).map(crop, num_parallel_calls=AUTOTUNE, deterministic=True)


def central(records: tf.data.Dataset, pixels: int) -> tf.data.Dataset:
    """The middle of each, in [-1, 1], with its label."""

    def crop(record: dict[str, Any]) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.image.resize(tf.image.central_crop(_decoded(record), CENTRE), (pixels, pixels))
        return _scaled(image), tf.cast(record["label"], tf.int32)

    return records.map(crop, num_parallel_calls=AUTOTUNE, deterministic=True)


def distorted(image: tf.Tensor, seed: tf.Tensor, strength: float) -> tf.Tensor:
    """An image in [0, 1] in another light; as it was at a strength of 0."""
    draws = tf.random.split(seed, 4)
    brightness = _around(0.0, BRIGHTNESS * strength, draws[0])
    image = tf.image.adjust_brightness(image, brightness)
    image = tf.image.adjust_saturation(image, _around(1.0, SATURATION * strength, draws[1]))
    image = tf.image.adjust_hue(image, _around(0.0, HUE * strength, draws[2]))
    image = tf.image.adjust_contrast(image, _around(1.0, CONTRAST * strength, draws[3]))
    return tf.clip_by_value(image, 0.0, 1.0)


def _around(centre: float, reach: float, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform((), seed, centre - reach, centre + reach)


def _decoded(record: dict[str, Any]) -> tf.Tensor:
    image = tf.io.decode_image(record["image"], channels=3, expand_animations=False)
    return tf.image.convert_image_dtype(image, tf.float32)


def _cut(image: tf.Tensor, seed: tf.Tensor, pixels: int) -> tf.Tensor:
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(image),
        tf.zeros((1, 0, 4)),
        tf.cast(seed, tf.int64),
        min_object_covered=0.0,
        area_range=AREA,
        aspect_ratio_range=ASPECT,
        use_image_if_no_bounding_boxes=True,
    )
    cut = tf.slice(image, begin, size)
    cut.set_shape((None, None, 3))
    return tf.image.resize(cut, (pixels, pixels))


def _scaled(image: tf.Tensor) -> tf.Tensor:
    return 2.0 * image - 1.0
