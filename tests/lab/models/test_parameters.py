"""Parameters of the models, counted by hand."""

from __future__ import annotations

import math

import keras
import pytest

import keras_norms
from keras_norms.lab.models import MODELS

pytestmark = pytest.mark.once

CLASSES = 10


def built(model: str, spec: str, shape: tuple[int, ...], **size: int) -> keras.Model:
    scheme = keras_norms.get(spec)
    return MODELS[model](scheme, **size, input_shape=shape, classes=CLASSES)


def sizes(model: keras.Model) -> tuple[int, int]:
    """Trained and other parameters; states of random generators are no parameters."""
    return (
        sum(math.prod(variable.shape) for variable in model.trainable_weights),
        sum(math.prod(variable.shape) for variable in model.non_trainable_weights),
    )


def head(features: int) -> int:
    return features * CLASSES + CLASSES


# Units as (kernel size, channels in, channels out).
def parameters(units: list[tuple[int, int, int]], features: int, *, batch: bool) -> tuple[int, int]:
    """Kernels and, of a plain unit, a bias; of a batch-normalized one gamma and beta instead."""
    kernels = sum(size * size * into * out for size, into, out in units)
    channels = sum(out for _, _, out in units)
    trained = kernels + channels * (2 if batch else 1) + head(features)
    return trained, channels * 2 if batch else 0


def resnet_units(blocks: int, width: int, channels: int) -> list[tuple[int, int, int]]:
    stem = [(3, channels, width)]
    first = [(3, width, width)] * (2 * blocks)
    rest = []
    for into in (width, 2 * width):
        out = 2 * into
        rest += [(3, into, out), (1, into, out), *[(3, out, out)] * (2 * blocks - 1)]
    return stem + first + rest


def inception_units(width: int, channels: int, blocks: str) -> list[tuple[int, int, int]]:
    """`blocks` as a word: "b" an ordinary block, "r" one that halves the image."""
    units, into = [(3, channels, width)], width
    for block in blocks:
        three_by_three = [(1, into, width), (3, width, width)]
        double = [(1, into, width), (3, width, width), (3, width, width)]
        units += three_by_three + double
        if block == "b":
            units += [(1, into, width), (1, into, width)]
        into = 4 * width if block == "b" else 2 * width + into
    return units


def test_resnet_20_is_the_one_of_the_paper():
    """0.27 million in He et al. 2016, Table 6: 270,256 in kernels, 1,568 in gammas and betas."""
    model = built("resnet", "batch", (32, 32, 3), depth=20, width=16)
    assert sizes(model) == (270_256 + 1_568 + 650, 1_568)
    assert model.count_params() == 274_042


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(("depth", "width"), [(8, 4), (14, 6), (20, 16)])
def test_resnet(depth: int, width: int, batch: bool):
    model = built("resnet", "batch" if batch else "none", (16, 16, 1), depth=depth, width=width)
    units = resnet_units((depth - 2) // 6, width, 1)
    assert sizes(model) == parameters(units, 4 * width, batch=batch)
    # Weighted layers on the longest path, as the paper counts: all but the 1x1 shortcuts.
    assert sum(size == 3 for size, _, _ in units) + 1 == depth


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(("depth", "width"), [(8, 4), (14, 6), (20, 16)])
def test_plain_is_the_resnet_without_its_shortcuts(depth: int, width: int, batch: bool):
    model = built("plain", "batch" if batch else "none", (16, 16, 1), depth=depth, width=width)
    units = [unit for unit in resnet_units((depth - 2) // 6, width, 1) if unit[0] == 3]
    assert sizes(model) == parameters(units, 4 * width, batch=batch)


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(("depth", "blocks"), [(1, "b"), (2, "br"), (3, "brb"), (4, "bbrb")])
def test_inception(depth: int, blocks: str, batch: bool):
    model = built("inception", "batch" if batch else "none", (8, 8, 1), depth=depth, width=4)
    units = inception_units(4, 1, blocks)
    features = model.layers[-1].kernel.shape[0]
    assert sizes(model) == parameters(units, features, batch=batch)
    assert features == (16 if blocks[-1] == "b" else 2 * 4 + 16)


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(("depth", "width"), [(1, 5), (3, 7)])
def test_mlp(depth: int, width: int, batch: bool):
    model = built("mlp", "batch" if batch else "none", (8, 8, 1), depth=depth, width=width)
    units = [(1, 64, width), *[(1, width, width)] * (depth - 1)]
    assert sizes(model) == parameters(units, width, batch=batch)


@pytest.mark.parametrize("depth", [-4, 0, 1, 2, 3, 7, 9, 19, 21])
def test_a_resnet_has_6_n_plus_2_layers(depth: int):
    with pytest.raises(ValueError, match=rf"depth={depth} must be 6 n \+ 2"):
        built("resnet", "none", (8, 8, 1), depth=depth, width=4)
