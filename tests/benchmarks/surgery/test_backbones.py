"""Surgery on the backbones of keras_hub, and what that asks of models of any inputs and outputs."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from benchmarks.surgery import checks, small_backbones
from benchmarks.surgery.backbones import Backbones
from benchmarks.surgery.inputs import inputs
from benchmarks.surgery.operations import FOLD, OF_BACKBONES
from keras_norms.lab.errors import BadInput
from tests.benchmarks.made_up import page

pytestmark = pytest.mark.once

ABSENT = "keras_hub is not installed (pip install 'keras-norms[hub]')"


def rows(job) -> list[dict]:
    if job.arguments["name"] == "BASNet":
        row = {"done": 0, "left": 0, "reasons": {}, "failed": "not built: ValueError: too small"}
        return [{"operation": operation, **row, "seconds": 0.0} for operation in OF_BACKBONES]
    row = {"done": 4, "left": 0, "reasons": {}, "error": 0.0, "failed": "", "kept": True}
    row |= {"unknown": {"RmsNorm2d": 3}, "seconds": 1.0}
    made = [{"operation": operation, **row} for operation in OF_BACKBONES]
    made[0] |= {"left": 1, "reasons": {"it is shared": ["bn"]}, "error": 3e-5}
    made[0] |= {"rounding": 2e-5, "in float64": 1e-12}
    made[2] |= {"kept": False, "saved": "weights, as no file: TypeError"}
    return made


def test_the_page_says_what_failed_and_whose_class_is_lost(tmp_path):
    written = page(Backbones(names=("ResNet", "BASNet"), backend="torch"), tmp_path, rows)
    assert "torch: 2 backbones tried, 1 without a failure." in written
    said = "BASNet, fold, batch and back, group: not built: ValueError: too small"
    assert written.count(said) == 1
    assert "bn: it is shared" in written
    assert "in the others by up to 1.5 times the network's own rounding" in written
    classes = pd.read_csv(tmp_path / "tables" / "surgery-backbones-classes.csv")
    said = classes.set_index("architecture")[[f"class, {name}" for name in OF_BACKBONES]]
    assert list(said.loc["ResNet"]) == ["kept", "kept", "lost"]
    assert list(said.loc["BASNet"]) == ["–"] * 3
    classes = classes.set_index("architecture").loc["ResNet"]
    assert classes["saved by"] == "weights"
    assert classes["not known"] == "3 RmsNorm2d"


def test_unknown_backbones_are_refused():
    with pytest.raises(BadInput, match="ResNet50"):
        Backbones.at("cpu", {"names": ("ResNet50",)})
    assert len(Backbones.at("cpu").names) >= 70


def test_without_keras_hub_the_command_that_helps_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(BadInput, match=r"keras_hub.*pip install 'keras-norms\[hub\]'"):
        checks.backbone(name="ResNet")


def reader() -> keras.Model:
    """Of images and of words, to a dictionary of outputs."""
    images = keras.Input((8, 8, 3), name="images")
    words = keras.Input((None,), dtype="int32", name="token_ids")
    mask = keras.Input((None,), dtype="int32", name="padding_mask")
    x = layers.BatchNormalization(name="bn")(layers.Conv2D(4, 3, name="conv")(images))
    read = layers.LayerNormalization(name="ln")(layers.Embedding(40, 4, name="embedding")(words))
    outputs = {"seen": x, "read": read * keras.ops.cast(mask, "float32")[..., None]}
    return keras.Model({"images": images, "token_ids": words, "padding_mask": mask}, outputs)


def test_inputs_are_what_the_model_takes():
    given = inputs(reader(), 3)
    assert {name: x.shape for name, x in given.items()} == {
        "images": (3, 8, 8, 3),
        "token_ids": (3, 8),
        "padding_mask": (3, 8),
    }
    assert given["images"].min() >= 0
    assert given["images"].max() > 2
    assert given["token_ids"].dtype == "int32"
    assert given["token_ids"].max() < 32
    assert (given["padding_mask"] == 1).all()


def test_a_difference_is_that_of_the_output_that_differs_most():
    one, other = reader(), reader()
    other.set_weights(one.get_weights())
    assert checks.difference(other, one) == 0
    beta = other.get_layer("ln").beta
    beta.assign(keras.ops.ones(beta.shape))
    of_bn = other.get_layer("bn").beta
    of_bn.assign(keras.ops.full(of_bn.shape, 1e-3))
    batch = inputs(one, checks.BATCH, seed=2)
    largest = np.abs(keras.ops.convert_to_numpy(one(batch)["read"])).max()
    np.testing.assert_allclose(checks.difference(other, one), 1 / largest, rtol=1e-5)


def test_a_model_of_dictionaries_is_examined():
    found = {row["operation"]: row for row in checks.examine(reader, OF_BACKBONES)}
    assert {row["failed"] for row in found.values()} == {""}
    assert [found[name]["done"] for name in OF_BACKBONES] == [1, 1, 2]
    assert {row["kept"] for row in found.values()} == {True}
    assert found["group"]["saved"] == "model"


def test_a_model_that_cannot_be_made_is_a_row():
    def refuse() -> keras.Model:
        raise ValueError("too small")

    found = list(checks.examine(refuse, OF_BACKBONES))
    assert [row["failed"] for row in found] == ["not built: ValueError: too small"] * 3


def test_normalizers_that_are_not_known_are_counted_once():
    class QuietNorm(layers.Layer):
        def call(self, x):
            return x

    class NormBlock(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.LayerNormalization()

        def call(self, x):
            return self.inner(x)

    model = keras.Sequential([keras.Input((4,)), QuietNorm(), NormBlock(), QuietNorm()])
    assert checks._unknown(model) == {"QuietNorm": 2}


def test_every_backbone_is_here_or_left_out_by_name():
    hub = pytest.importorskip("keras_hub", reason=ABSENT)
    end = "Backbone"
    there = {name.removesuffix(end) for name in dir(hub.models) if name.endswith(end)}
    here = {name.partition(":")[0] for name in small_backbones.BACKBONES}
    assert there - here - {"", "FeaturePyramid"} == set(small_backbones.LEFT_OUT) & there


@pytest.mark.full
@pytest.mark.parametrize(("name", "there"), [("MobileNet", 13), ("DeepLabV3", 26)])
def test_a_backbone_of_keras_hub(name, there):
    pytest.importorskip("keras_hub", reason=ABSENT)
    found = checks.backbone(name=name)
    assert {row["failed"] for row in found} == {""}
    assert [(row["operation"], row["done"]) for row in found] == [(o, there) for o in OF_BACKBONES]
    assert found[OF_BACKBONES.index(FOLD)]["kept"]
