"""BN-Inception against the table of Ioffe & Szegedy 2015, Figure 5, and counts made by hand."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.models.bn_inception import halvings
from keras_norms.lab.models.local_response import LocalResponseNormalization
from keras_norms.lab.training import Run
from keras_norms.lab.training.program import Program
from keras_norms.layers import BatchNormalization
from tests.lab.models import sizes as spec
from tests.lab.training.small import train_on

pytestmark = pytest.mark.once

# Row -> output as printed. The rows that halve the image print the size before they do.
PRINTED = {
    "3a": (28, 256), "3b": (28, 320), "3c": (28, 576), "4a": (14, 576), "4b": (14, 576),
    "4c": (14, 576), "4d": (14, 576), "4e": (14, 1024), "5a": (7, 1024), "5b": (7, 1024),
}  # fmt: skip
HALVES = {"3c", "4e"}
MISPRINTED = {"4c": 608, "4d": 608, "4e": 1056}  # where the printed projections are kept


def built(
    name: str, pixels: int = 224, width: int = 64, normalizer: str = "batch", classes: int = 1000
) -> keras.Model:
    joint = "," if ":" in name else ":"
    return spec.built(f"{name}{joint}width={width}", normalizer, (pixels, pixels, 3), classes)


def count(model: keras.Model) -> int:
    return sum(math.prod(variable.shape) for variable in model.trainable_weights)


@pytest.mark.parametrize(
    ("name", "misprinted"), [("bn_inception", MISPRINTED), ("bn_inception:channels=sums", {})]
)
def test_the_shapes_are_those_of_the_table(name, misprinted):
    model = built(name)
    for row, (pixels, channels) in PRINTED.items():
        pixels = pixels // 2 if row in HALVES else pixels
        wanted = (None, pixels, pixels, misprinted.get(row, channels))
        assert model.get_layer(f"module_{row}").output.shape == wanted, row
    assert model.get_layer("convolution_1").output.shape == (None, 112, 112, 64)
    assert model.get_layer("max_pool_1").output.shape == (None, 56, 56, 64)
    assert model.get_layer("max_pool_2").output.shape == (None, 28, 28, 192)
    assert model.output_shape == (None, 1000)
    # Convolutions on the longest path, as the column "depth" counts them: 1 + 1 + 10 x 3, and the
    # 1x1 in front of the second convolution is in its row.
    assert sum("conv" in layer.name for layer in model.layers) == 2 + 1 + 8 * 7 + 2 * 5


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "kernels", "channels"),
    [("bn_inception", 10_233_496, 10_016), ("bn_inception:channels=sums", 10_143_384, 9_952)],
)
def test_the_parameters_counted_by_hand(name, kernels, channels):
    """11.3 and 11.2 million: the paper's 13.6 million is neither."""
    assert count(built(name)) == kernels + 2 * channels + 1024 * 1000 + 1000


@pytest.mark.full
def test_the_accompanying_changes_are_switches():
    plain = built("bn_inception:local_response=true,dropout=0.4", 32, 16, normalizer="none")
    normalized = built("bn_inception", 32, 16)

    def kinds(model, kind):
        return [layer for layer in model.layers if isinstance(layer, kind)]

    assert len(kinds(plain, LocalResponseNormalization)) == 2
    assert [layer.rate for layer in kinds(plain, keras.layers.Dropout)] == [0.4]
    assert not kinds(normalized, (LocalResponseNormalization, keras.layers.Dropout))
    convolutions = kinds(normalized, (keras.layers.Conv2D, keras.layers.SeparableConv2D))
    assert not any(layer.use_bias for layer in convolutions)
    assert all(layer.use_bias for layer in kinds(plain, keras.layers.Conv2D))
    assert len(kinds(normalized, BatchNormalization)) == len(convolutions)


@pytest.mark.parametrize(
    ("pixels", "begins"), [(8, 8), (28, 28), (32, 32), (47, 47), (48, 24), (96, 24), (224, 28)]
)
def test_small_images_are_halved_less_often_before_the_modules(pixels, begins):
    assert pixels // 2 ** halvings(pixels) == begins


@pytest.mark.parametrize(("pixels", "ends"), [(8, 2), (32, 8), (96, 6)])
def test_the_slim_variant_on_small_images(pixels, ends):
    model = built("bn_inception", pixels, 16, classes=10)
    assert model.get_layer("module_5b").output.shape == (None, ends, ends, 256)
    assert model.get_layer("module_4d").output.shape[-1] == 608 // 4


def test_images_and_depths_that_cannot_be():
    with pytest.raises(BadInput, match="unknown argument 'depth'"):
        built("bn_inception:depth=9")
    with pytest.raises(BadInput, match=r"input_shape=\(7, 7, 3\) is smaller than 8x8"):
        built("bn_inception", 7, 4)


@pytest.mark.full
def test_three_steps_at_224_pixels_and_1000_classes():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 224, 224, 3)).astype(np.float32), np.arange(6, dtype=np.int32)
    data = ImageData("generated", x, y, x[:2], y[:2], 1000)
    run = Run(
        model="bn_inception",
        normalizer="batch",
        batch=2,
        steps=3,
        evaluate_every=1,
        learning_rate=0.01,
    )
    outcome = train_on(Program(run, data), run)
    assert outcome.curve["step"] == (1, 2, 3)
    assert np.isfinite(outcome.curve["train_loss"]).all()
    assert outcome.curve["train_loss"][0] == pytest.approx(math.log(1000), rel=0.5)


def test_local_response_normalization_is_the_sum_over_five_neighbours():
    x = np.random.default_rng(0).normal(0, 30, (2, 3, 3, 7))
    wanted = np.empty_like(x)
    for c in range(7):
        near = x[..., max(0, c - 2) : c + 3]
        wanted[..., c] = x[..., c] / (2 + 1e-4 * (near**2).sum(axis=-1)) ** 0.75
    got = LocalResponseNormalization(dtype="float32")(x.astype(np.float32))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(got), wanted, rtol=1e-5)


@pytest.mark.full
def test_local_response_normalization_saves_and_loads(tmp_path):
    model = built("bn_inception:local_response=true", 8, 4, normalizer="none", classes=3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))
