"""What a model is given where only its outputs matter: images, tokens, masks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_norms.anatomy.graph import core_of

TOKENS, FRAMES = 8, 1024  # of a text and of a sound
LOWEST_VOCABULARY = 32  # all that are examined know as many tokens


def inputs(model: keras.Model, number: int, seed: int = 0) -> Any:
    """Random inputs in the structure that a model takes, whatever it is.

    Images are smooth, of pixel values from 0 to 255, which most architectures are made for: of
    independent pixels all images would look the same to a deep layer. Texts are random tokens,
    all of them unmasked, in two segments.
    """
    rng = np.random.default_rng(seed)
    specs = core_of(model)._inputs_struct
    return keras.tree.map_structure(lambda spec: _drawn(spec, number, rng), specs)


def in_precision_of(model: keras.Model, batch: Any) -> Any:
    """The batch, what is no integer in the precision of a model's weights."""
    return keras.tree.map_structure(
        lambda x: x.astype(model.dtype) if x.dtype.kind == "f" else x, batch
    )


def _drawn(spec: Any, number: int, rng: np.random.Generator) -> np.ndarray:
    floats = "float" in spec.dtype
    length = FRAMES if floats else TOKENS
    shape = (number, *(length if size is None else size for size in spec.shape[1:]))
    if floats and len(shape) > 3:
        return _images(shape, rng)
    if floats:
        return rng.normal(size=shape).astype("float32")
    return _integers(spec.name, shape, rng).astype(spec.dtype)


def _images(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Also of films, which have an axis more."""
    *several, high, wide, channels = shape
    coarse = rng.uniform(0, 255, (int(np.prod(several)), 4, 4, channels)).astype("float32")
    fine = keras.ops.image.resize(coarse, (high, wide), "bilinear")
    return keras.ops.convert_to_numpy(fine).reshape(shape)


def _integers(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if "mask" in name:
        return np.ones(shape)
    if "position" in name:
        return np.broadcast_to(np.arange(shape[-1]), shape)
    return rng.integers(*((1, LOWEST_VOCABULARY) if "token" in name else (0, 2)), shape)
