"""What is done with a folded model: saved, quantized, exported."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.surgery.fold import fold
from tests.surgery.models import assert_agree, example, outputs, randomized

pytestmark = pytest.mark.filterwarnings("ignore")

BACKEND = keras.backend.backend()


@pytest.fixture
def folded():
    """A residual block and a head, of which normalization has gone."""
    x = start = keras.Input((8, 8, 4))
    y = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    y = layers.Add()([y, layers.Conv2D(8, 1)(x)])
    y = layers.Dense(16, name="dense")(layers.GlobalAveragePooling2D()(y))
    model = keras.Model(start, layers.Dense(5, name="head")(layers.BatchNormalization()(y)))
    new, report = fold(randomized(model))
    assert [row["done"] for row in report] == ["folded"] * 3
    return new


def test_it_saves_and_loads(folded, tmp_path):
    folded.save(tmp_path / "folded.keras")
    assert_agree(keras.models.load_model(tmp_path / "folded.keras"), folded, 0)


@pytest.mark.full
def test_it_quantizes(folded, tmp_path):
    """Keras quantizes dense layers, and no convolution."""
    before = outputs(folded)[0]
    folded.quantize("int8")
    assert {folded.get_layer(name).quantization_mode for name in ("dense", "head")} == {"int8"}
    assert folded.get_layer("dense")._kernel.dtype == "int8"
    after = outputs(folded)[0]
    assert 0 < np.abs(after - before).max() < 0.03 * np.abs(before).max()
    folded.save(tmp_path / "int8.keras")
    assert_agree(keras.models.load_model(tmp_path / "int8.keras"), folded, 0)


def test_what_is_quantized_takes_nothing_in():
    """Its kernel is of whole numbers, with scales of its own."""
    inner = [layers.Dense(8, name="dense"), layers.BatchNormalization(name="bn")]
    model = randomized(keras.Sequential([layers.Input((4,)), *inner]))
    model.quantize("int8")
    new, report = fold(model)
    assert "'dense' is quantized" in report["bn"]["detail"]
    assert_agree(new, model, 0)


def test_it_exports_a_saved_model(folded, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    if BACKEND == "torch":
        pytest.importorskip("torch_xla")
    folded.export(tmp_path / "folded", verbose=False)
    served = tensorflow.saved_model.load(tmp_path / "folded")
    x = example(folded)[0].astype("float32")
    expected = outputs(folded, [x])[0]
    error = np.abs(served.serve(x).numpy() - expected).max()
    assert error <= 1e-5 * np.abs(expected).max()


def test_it_exports_onnx(folded, tmp_path):
    exporter = {"tensorflow": "tf2onnx", "jax": "jax2onnx", "torch": "onnxscript"}[BACKEND]
    pytest.importorskip(exporter)
    runtime = pytest.importorskip("onnxruntime")
    x = example(folded, batch=1)[0].astype("float32")
    expected = outputs(folded, [x])[0]
    folded.export(tmp_path / "folded.onnx", format="onnx", verbose=False)
    session = runtime.InferenceSession(tmp_path / "folded.onnx")
    (given,) = session.get_inputs()
    (got,) = session.run(None, {given.name: x})
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()
