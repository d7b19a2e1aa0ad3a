"""What stands where in a model, how large it starts, and what it refuses."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.models.initializers import initialized_by
from keras_norms.lab.models.transformer import Attention
from keras_norms.lab.specs import choose
from keras_norms.lab.training.options import INITIALIZERS
from keras_norms.normfree import SkipInit
from tests.lab.models import sizes
from tests.lab.models.test_models import CLASSES, built, images, linear_layers


@pytest.mark.once
def test_dropout_stands_before_the_head_and_only_there():
    network = built("mlp:dropout=0.25")
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [
        0.25
    ]
    assert isinstance(network.layers[-2], keras.layers.Dropout)
    assert "dropout" not in " ".join(layer.name for layer in built("mlp").layers)


@pytest.mark.once
@pytest.mark.parametrize(("activation", "gain"), [("relu", 2.0), ("sigmoid", 1.0), ("tanh", 1.0)])
def test_hidden_kernels_have_the_variance_of_their_initialization(activation: str, gain: float):
    """He 2015: 2 / inputs before rectifiers; Glorot 2010: 2 / (inputs + outputs) before others."""
    network = built(f"mlp:depth=3,width=400,activation={activation}")
    kernel = keras.ops.convert_to_numpy(linear_layers(network)[1].kernel)
    assert kernel.var() * 400 == pytest.approx(gain, rel=0.03)


@pytest.mark.once
def test_inception_halves_the_image_once_in_the_middle():
    network = built("inception:depth=4,width=8")
    heights = [layer.output.shape[1] for layer in network.layers if "concatenate" in layer.name]
    assert heights == [8, 8, 4, 4]


@pytest.mark.once
def test_resnet_halves_the_image_twice_and_doubles_its_width():
    network = built("resnet:depth=14,width=8")
    shapes = [tuple(layer.output.shape[1:]) for layer in network.layers if "add" in layer.name]
    assert shapes == [(8, 8, 8)] * 2 + [(4, 4, 16)] * 2 + [(2, 2, 32)] * 2


@pytest.mark.once
@pytest.mark.parametrize(
    ("depth", "stages"), [(2, (1, 0, 0)), (3, (1, 1, 0)), (4, (1, 1, 1)), (8, (3, 2, 2))]
)
def test_plain_halves_the_image_and_doubles_its_width_from_stage_to_stage(
    depth: int, stages: tuple[int, ...]
):
    network = built(f"plain:depth={depth},width=8")
    shapes = [layer.output.shape[1:] for layer in network.layers if "conv" in layer.name]
    of_a_stage = [(8, 8, 8), (4, 4, 16), (2, 2, 32)]
    assert shapes == [shape for shape, n in zip(of_a_stage, stages, strict=True) for _ in range(n)]


@pytest.mark.once
def test_plain_needs_a_convolution():
    with pytest.raises(BadInput, match=r"depth=1 leaves no convolution.*write 2 or more"):
        built("plain:depth=1")


@pytest.mark.once
def test_inception_refuses_small_images():
    with pytest.raises(BadInput, match=r"input_shape=\(6, 9, 1\) is smaller than 8x8"):
        sizes.built("inception:depth=2", "none", (6, 9, 1), CLASSES)


@pytest.mark.once
@pytest.mark.parametrize(
    ("family", "variance"),
    [("he", 2 / 300), ("xavier", 2 / 700), ("lecun", 1 / 300), ("he:gain=3", 18 / 300)],
)
def test_an_initializer_draws_every_kernel(family: str, variance: float):
    """Of 300 inputs and 400 outputs."""
    chosen = choose("initializer", family, INITIALIZERS)
    with initialized_by(chosen):
        network = sizes.built("mlp:depth=2,width=400", "none", (300,), 400)
    first, _, head = linear_layers(network)
    kernel = keras.ops.convert_to_numpy(first.kernel)
    assert kernel.var() == pytest.approx(variance, rel=0.02)
    assert abs(kernel.mean()) < 4 * math.sqrt(variance / kernel.size)
    inputs = head.kernel.shape[0]
    expected = variance if "xavier" not in family else 2 / 800
    expected *= 1 if "xavier" in family else 300 / inputs
    assert keras.ops.convert_to_numpy(head.kernel).var() == pytest.approx(expected, rel=0.02)


@pytest.mark.once
def test_orthogonal_kernels_are_orthogonal():
    with initialized_by(choose("initializer", "orthogonal:gain=2", INITIALIZERS)):
        network = built("plain")
    for layer in linear_layers(network):
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        flat = kernel.reshape(-1, kernel.shape[-1])
        gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
        np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


def test_skip_init_makes_every_block_the_identity():
    """The rectified input of a block comes out: it has no negative values to lose."""
    network = built("resnet:depth=8,width=8,branch=skipinit")
    first, last = (
        keras.Model(network.input, layer.output)
        for layer in (network.layers[2], next(la for la in network.layers if "add" in la.name))
    )
    values = [keras.ops.convert_to_numpy(part(images())) for part in (first, last)]
    np.testing.assert_array_equal(*values)


@pytest.mark.once
def test_one_normalizer_alone_stands_behind_the_last_addition():
    network = built("resnet:depth=14,width=8,normalize=last", "batch")
    names = [layer.name for layer in network.layers]
    (place,) = [k for k, name in enumerate(names) if "normalization" in name]
    assert "add" in names[place - 1]
    assert "activation" in names[place + 1]
    assert not any("add" in name for name in names[place:])
    with pytest.raises(BadInput, match="normalize=last needs a normalizer"):
        built("resnet:depth=8,width=8,normalize=last", "weight")


@pytest.mark.once
def test_before_the_convolutions_of_a_preactivation_network_stand_its_normalizers():
    network = built("preactivation_resnet", "batch")
    convolutions = [layer for layer in network.layers if "conv" in layer.name]
    before = [type(layer.input._keras_history[0]).__name__ for layer in convolutions]
    assert before == ["InputLayer"] + ["Activation"] * (len(convolutions) - 1)
    assert not any(layer.use_bias for layer in convolutions)


def test_a_normalizer_free_network_keeps_its_variance():
    """With scaled weights each block's input, divided by beta, has one variance (Brock et al.)."""
    keras.utils.set_random_seed(0)
    network = sizes.built("normalizer_free:depth=20,width=32", "sws", (16, 16, 3), CLASSES)
    for layer in network.layers:
        if isinstance(layer, SkipInit):
            layer.alpha.assign(1.0)
    scaled = [la for la in network.layers if isinstance(la, keras.layers.Rescaling)]
    inputs = [layer.output for layer in scaled if layer.scale > 0.2]
    x = np.random.default_rng(0).normal(size=(16, 16, 16, 3)).astype(np.float32)
    values = keras.Model(network.input, inputs)(x)
    variances = [keras.ops.convert_to_numpy(value).var() for value in values]
    assert len(variances) == 9
    # That of the first is the stem's, whose few input channels leave it to chance.
    np.testing.assert_allclose(variances, variances[0], rtol=0.4)


@pytest.mark.parametrize("norm", ["pre", "post", "peri", "scaled"])
def test_a_character_sees_what_is_before_it_alone(norm: str):
    spec = f"char_transformer:depth=2,width=16,norm={norm},qk_norm=true"
    network = sizes.built(spec, "layer", (12,), 30)
    text = np.random.default_rng(0).integers(0, 30, (2, 12)).astype(np.int32)
    other = text.copy()
    other[:, 7:] = (other[:, 7:] + 1) % 30
    one, two = (keras.ops.convert_to_numpy(network(x)) for x in (text, other))
    assert one.shape == (2, 12, 30)
    np.testing.assert_allclose(one[:, :7], two[:, :7], atol=1e-5)
    assert np.abs(one[:, 7:] - two[:, 7:]).max() > 1e-3
    # A block has two sublayers, each with one (two where outputs are normalized too), and two for
    # its queries and keys; behind the blocks stands one more where the sum is not normalized.
    count = sum("normalization" in layer.name for layer in network.layers)
    assert count == 2 * (2 * (2 if norm == "peri" else 1) + 2) + (norm != "post")


def test_attention_is_that_of_the_formula():
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 2, 5, 3, 4)).astype(np.float32)
    for causal in (False, True):
        found = keras.ops.convert_to_numpy(Attention(causal)(q, k, v))
        for b, h in np.ndindex(2, 3):
            scores = q[b, :, h].astype(float) @ k[b, :, h].T / 2
            scores = np.where(np.tri(5) if causal else np.ones((5, 5)), scores, -np.inf)
            weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(found[b, :, h], weights @ v[b, :, h], atol=1e-5)


@pytest.mark.once
@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("vit:patch=3", "patch=3 does not divide"),
        ("vit:width=10,heads=4", "heads=4 do not divide width=10"),
        ("vgg:depth=12", "depth=12 must be one of"),
        ("cfg:depth=11", "depth=11 must be one of"),
        ("wide_resnet:depth=20", r"depth=20 must be 6 n \+ 4"),
        ("resnet:shortcut=2", "shortcut=2 must be 1 or 3"),
    ],
)
def test_networks_that_cannot_be(model: str, said: str):
    with pytest.raises(BadInput, match=said):
        built(model)
