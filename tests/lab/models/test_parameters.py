"""Parameters of the models, counted by hand."""

from __future__ import annotations

import itertools

import keras
import pytest

from keras_norms.lab.errors import BadInput
from tests.lab.models import sizes as spec
from tests.lab.models.sizes import sizes

pytestmark = pytest.mark.once

CLASSES = 10


def built(model: str, normalizer: str, shape: tuple[int, ...], **size: object) -> keras.Model:
    given = ",".join(f"{key}={value}" for key, value in size.items())
    return spec.built(f"{model}:{given}" if given else model, normalizer, shape, CLASSES)


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
    said = rf"depth={depth} must be (6 n \+ 2|a whole number)"
    with pytest.raises(BadInput, match=said):
        built("resnet", "none", (8, 8, 1), depth=depth, width=4)


def test_wrn_16_4_is_the_one_of_the_paper():
    """2.7 million in Zagoruyko & Komodakis 2016."""
    trained, _ = sizes(built("wide_resnet", "batch", (32, 32, 3), depth=16, widen=4))
    units = [(3, 3, 16), (3, 16, 64), (3, 64, 64), (1, 16, 64), (3, 64, 64), (3, 64, 64)]
    for into in (64, 128):
        out = 2 * into
        units += [(3, into, out), (3, out, out), (1, into, out), (3, out, out), (3, out, out)]
    kernels = sum(size * size * into * out for size, into, out in units)
    channels = [16, *[64] * 3, *[64, *[128] * 3], *[128, *[256] * 3], 256]
    assert trained == kernels + 2 * sum(channels) + head(256)
    assert round(trained / 1e6, 1) == 2.7


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("width", [8, 64])
def test_vgg_11(width: int, batch: bool):
    model = built("vgg", "batch" if batch else "none", (32, 32, 3), depth=11, width=width)
    widths = [3, *(width * times for times in (1, 2, 4, 4, 8, 8, 8, 8))]
    units = [(3, into, out) for into, out in itertools.pairwise(widths)]
    assert sizes(model) == parameters(units, 8 * width, batch=batch)
    assert [la.output.shape[1] for la in model.layers if "pool" in la.name][:-1] == [16, 8, 4, 2, 1]


CFG = {
    10: "1 1s 2 2s 4 4s 8 8s 8 8",
    20: "1 1 1 1s 2 2 2 2s 4 4 4 4s 4 4 4 4s 8 8 8 8",
    40: " ".join(" ".join([f"{t}"] * 7 + [f"{t}s"]) for t in (1, 2, 4, 8)) + " 8" * 8,
}


@pytest.mark.parametrize("depth", CFG)
def test_cfg_is_that_of_lubana_et_al(depth: int):
    """Widths in units of the first, `s` for stride 2."""
    model = built("cfg", "batch", (32, 32, 3), depth=depth, width=4)
    convolutions = [layer for layer in model.layers if "conv" in layer.name]
    found = [f"{la.filters // 4}{'s' if la.strides == (2, 2) else ''}" for la in convolutions]
    assert " ".join(found) == CFG[depth]
    assert len(found) == depth
    widths = [3, *(layer.filters for layer in convolutions)]
    units = [(3, into, out) for into, out in itertools.pairwise(widths)]
    assert sizes(model) == parameters(units, 32, batch=True)


def test_all_cnn_c_is_the_one_of_the_paper():
    """1.4 million in Springenberg et al. 2015, Table 3."""
    trained, _ = sizes(built("all_convolutional", "none", (32, 32, 3)))
    units = [(3, 3, 96), (3, 96, 96), (3, 96, 96), (3, 96, 192), (3, 192, 192), (3, 192, 192)]
    units += [(3, 192, 192), (1, 192, 192), (1, 192, 10)]
    assert trained == sum(size * size * into * out + out for size, into, out in units)
    assert round(trained / 1e6, 1) == 1.4


@pytest.mark.full
def test_residual_variants():
    """Nine scalars; one batch normalization in place of 21; shortcuts of 3x3 for 1x1."""
    shape, size = (32, 32, 3), {"depth": 20, "width": 16}
    none, _ = sizes(built("resnet", "none", shape, **size))
    batch, _ = sizes(built("resnet", "batch", shape, **size))
    assert sizes(built("resnet", "none", shape, **size, branch="skipinit")) == (none + 9, 0)
    last = built("resnet", "batch", shape, **size, normalize="last")
    assert sizes(last) == (none + 2 * 64, 2 * 64)
    wide, _ = sizes(built("resnet", "batch", shape, **size, shortcut=3))
    assert wide - batch == 8 * (16 * 32 + 32 * 64)
    # Without normalizers behind the two shortcuts and the sums, and one before the average.
    before, rest = sizes(built("preactivation_resnet", "batch", shape, **size))
    assert rest == 2 * (sum([16 * 6, 16, 32 * 5, 32, 64 * 5]) + 64)
    assert before == batch - 784 * 2 + rest


def test_normalizer_free():
    trained, _ = sizes(built("normalizer_free", "none", (32, 32, 3), depth=8, width=4))
    units = resnet_units(1, 4, 3)
    assert trained == parameters(units, 16, batch=False)[0] + 3


@pytest.mark.parametrize(("norm", "normalizers"), [("pre", 5), ("post", 4), ("peri", 9)])
def test_transformers(norm: str, normalizers: int):
    """Four square matrices and two of four times the width a block, each with its biases."""
    width, vocabulary, context = 8, 20, 6
    block = 4 * (width * width + width) + 8 * width * width + 5 * width
    rest = (vocabulary + context) * width + width * vocabulary + vocabulary
    model = spec.built(
        f"char_transformer:depth=2,width={width},norm={norm}", "layer", (context,), vocabulary
    )
    assert sizes(model) == (2 * block + rest + normalizers * 2 * width, 0)
    model = built("vit", "rms", (8, 8, 3), depth=2, width=width, norm=norm, qk_norm="true")
    cut = 4 * 4 * 3 * width + width
    assert sizes(model)[0] == (
        2 * block + cut + 4 * width + head(width) + normalizers * width + 4 * width // 4
    )


@pytest.mark.parametrize("depth", [1, 25])
def test_a_deep_linear_net_is_linear(depth: int):
    model = built("deep_linear", "none", (8, 8, 1), depth=depth, width=6)
    assert sizes(model)[0] == 64 * 6 + 6 + (depth - 1) * (36 + 6) + head(6)
    assert not any(isinstance(layer, keras.layers.Activation) for layer in model.layers)
