"""The models: every one with every scheme."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

import keras_norms
from keras_norms.lab import models
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run

SHAPE, CLASSES = (8, 8, 1), 5
DEPTHS = {"mlp": 2, "plain": 5, "resnet": 8, "inception": 2}
SPECS = ("none", "batch", "layer", "group:groups=4", "instance", "rms")


def run(model: str, **fields: object) -> Run:
    return Run(
        **{"model": model, "depth": DEPTHS[model], "width": 8, "learning_rate": 0.1} | fields
    )


def built(model: str, **fields: object) -> keras.Model:
    return models.build(run(model, **fields), SHAPE, CLASSES)


def linear_layers(model: keras.Model) -> list[keras.layers.Layer]:
    kinds = keras.layers.Dense, keras.layers.Conv2D
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def images(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("model", DEPTHS)
def test_every_model_runs_with_every_scheme(model: str, spec: str):
    network = built(model, normalizer=spec)
    logits = keras.ops.convert_to_numpy(network(images(), training=False))
    assert logits.shape == (3, CLASSES)
    assert np.isfinite(logits).all()
    *hidden, head = linear_layers(network)
    name = keras_norms.get(spec).name
    normalizers = [layer for layer in network.layers if "normalization" in layer.name]
    assert len(normalizers) == (0 if name == "none" else len(hidden))
    assert head.use_bias
    if name == "none":
        assert all(layer.use_bias for layer in hidden)
    if name == "batch":
        assert not any(layer.use_bias for layer in hidden)


@pytest.mark.once
@pytest.mark.parametrize("model", DEPTHS)
def test_a_model_saves_and_loads(model: str, tmp_path: Path):
    network = built(model, normalizer="group:groups=4", dropout=0.2)
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        network.predict(images(), verbose=0), again.predict(images(), verbose=0)
    )


@pytest.mark.once
@pytest.mark.parametrize("model", ["resnet", "inception"])
def test_groups_that_do_not_divide_the_width_are_refused(model: str):
    with pytest.raises(BadInput, match=r"width=6 with normalizer='group:groups=4'.*4.*6"):
        built(model, normalizer="group:groups=4", width=6)


@pytest.mark.once
def test_dropout_stands_before_the_head_and_only_there():
    network = built("mlp", dropout=0.25)
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [
        0.25
    ]
    assert isinstance(network.layers[-2], keras.layers.Dropout)
    assert "dropout" not in " ".join(layer.name for layer in built("mlp").layers)


@pytest.mark.once
@pytest.mark.parametrize(("activation", "gain"), [("relu", 2.0), ("sigmoid", 1.0), ("tanh", 1.0)])
def test_hidden_kernels_have_the_variance_of_their_initialization(activation: str, gain: float):
    """He 2015: 2 / inputs before rectifiers; Glorot 2010: 2 / (inputs + outputs) before others."""
    network = built("mlp", depth=3, width=400, activation=activation)
    kernel = keras.ops.convert_to_numpy(linear_layers(network)[1].kernel)
    assert kernel.var() * 400 == pytest.approx(gain, rel=0.03)


@pytest.mark.once
def test_inception_halves_the_image_once_in_the_middle():
    network = built("inception", depth=4)
    heights = [layer.output.shape[1] for layer in network.layers if "concatenate" in layer.name]
    assert heights == [8, 8, 4, 4]


@pytest.mark.once
def test_resnet_halves_the_image_twice_and_doubles_its_width():
    network = built("resnet", depth=14)
    shapes = [tuple(layer.output.shape[1:]) for layer in network.layers if "add" in layer.name]
    assert shapes == [(8, 8, 8)] * 2 + [(4, 4, 16)] * 2 + [(2, 2, 32)] * 2


@pytest.mark.once
@pytest.mark.parametrize(
    ("depth", "stages"), [(2, (1, 0, 0)), (3, (1, 1, 0)), (4, (1, 1, 1)), (8, (3, 2, 2))]
)
def test_plain_halves_the_image_and_doubles_its_width_from_stage_to_stage(
    depth: int, stages: tuple[int, ...]
):
    network = built("plain", depth=depth)
    shapes = [layer.output.shape[1:] for layer in network.layers if "conv" in layer.name]
    of_a_stage = [(8, 8, 8), (4, 4, 16), (2, 2, 32)]
    assert shapes == [shape for shape, n in zip(of_a_stage, stages, strict=True) for _ in range(n)]


@pytest.mark.once
def test_plain_needs_a_convolution():
    with pytest.raises(BadInput, match=r"depth=1 leaves no convolution.*write 2 or more"):
        run("plain", depth=1)


@pytest.mark.once
def test_inception_refuses_small_images():
    with pytest.raises(BadInput, match=r"input_shape=\(6, 9, 1\) is smaller than 8x8"):
        models.build(run("inception"), (6, 9, 1), CLASSES)
