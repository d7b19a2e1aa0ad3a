"""One architecture of each family of keras.applications, cut off after its first blocks."""

from __future__ import annotations

import keras
import pytest

from benchmarks.surgery import architectures
from benchmarks.surgery.checks import difference, examine
from benchmarks.surgery.operations import ROUND_TRIP, SPECS, TOLERANCE
from benchmarks.surgery.unsettling import unsettle
from keras_norms.surgery import fold

pytestmark = pytest.mark.once

# The layer after which it is cut off; how many normalizers there are then, and stay in a fold.
# ConvNeXt has layer normalization, which no fold is about, and VGG none.
FAMILIES = {
    "ConvNeXtTiny": (15, 3, 0),
    "DenseNet121": (18, 5, 2),
    "EfficientNetB0": (22, 5, 0),
    "EfficientNetV2B0": (20, 6, 0),
    "InceptionResNetV2": (40, 12, 0),
    "InceptionV3": (30, 7, 0),
    "MobileNet": (16, 5, 0),
    "MobileNetV2": (20, 7, 0),
    "MobileNetV3Small": (25, 6, 0),
    "NASNetMobile": (45, 6, 0),
    "ResNet50": (20, 6, 0),
    "ResNet50V2": (22, 5, 2),
    "VGG16": (6, 0, 0),
    "Xception": (20, 6, 0),
}


def cut(name: str, at: int) -> keras.Model:
    """The architecture up to a layer, with a head of its own."""
    whole = architectures.built(name)
    x = keras.layers.GlobalAveragePooling2D()(whole.layers[at].output)
    return keras.Model(whole.inputs[0], keras.layers.Dense(architectures.CLASSES)(x), name=name)


def test_every_family_is_here():
    names = architectures.names()
    assert set(FAMILIES) <= set(names)
    assert len(names) >= 38


@pytest.mark.full
@pytest.mark.parametrize("name", FAMILIES)
def test_a_family(name):
    at, there, left = FAMILIES[name]
    keras.utils.set_random_seed(0)
    model = cut(name, at)
    unsettle(model)
    folded, report = fold(model)
    assert difference(folded, model) <= TOLERANCE
    assert sum(row["done"] == "left" for row in report) == left
    rows = list(examine(lambda: model, [ROUND_TRIP, *SPECS]))
    assert {row["failed"] for row in rows} == {""}
    assert {row["left"] for row in rows} == {0}
    assert {row["done"] for row in rows if row["operation"] in SPECS} == {there}
