"""GhostBatchNormalization: the suite, batch normalization piece by piece, its memory."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from keras_norms.layers.ghost import GhostBatchNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import BACKEND, MODES, array, double, program, randomize, state
from tests.oracles.batch import batch, gradient
from tests.oracles.ghost import ghost, moving
from tests.suite import Case, NormalizerSuite


class TestGhostBatchNormalization(NormalizerSuite):
    """With a ragged last virtual batch nearly everywhere: four of SHAPE's six, then two."""

    case = Case(
        layer=GhostBatchNormalization,
        oracle=ghost,
        examples=(
            ({"virtual_batch_size": 3}, (8, 4)),
            ({"virtual_batch_size": 2, "epsilon": 0.1}, (4, 3, 4)),
            ({"virtual_batch_size": 2}, (3, 2, 2, 4)),
            ({"virtual_batch_size": 1}, (3, 3, 2, 4)),
            ({"virtual_batch_size": 64}, (3, 2, 2, 4)),
            ({"virtual_batch_size": 2, "axis": 1}, (4, 4, 2, 2)),
            ({"virtual_batch_size": 2, "axis": [1, -1]}, (5, 2, 3, 4)),
            ({"virtual_batch_size": 2}, (4, 2, 2, 1, 3)),
        ),
        settings={"virtual_batch_size": 4},
        refusals=(
            ({"virtual_batch_size": 0}, "virtual_batch_size 0"),
            ({"virtual_batch_size": 2.5}, "virtual_batch_size 2.5"),
            ({"virtual_batch_size": True}, "virtual_batch_size True"),
            ({"momentum": 1.5}, "momentum 1.5"),
            ({"axis": 0}, "axis 0"),
        ),
        batch_dependent=True,
        several_axes=True,
        told=("virtual_batch_size",),
    )

    def test_the_order_of_the_batch_does_not_matter(self):
        """Within a virtual batch, that is."""
        x, order = draw(SHAPE), np.array([2, 0, 3, 1, 5, 4])
        step = program(self.case.make(), training=True)
        np.testing.assert_allclose(
            step(x[order], None).output, step(x, None).output[order], atol=2e-6
        )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [16, 24, 64, 100])
def test_gbn17_def_each_chunk_is_batch_normalized(mode, size):
    with double():
        x, dy = draw((64, 3, 3, 4)).astype("float64"), draw((64, 3, 3, 4), 2).astype("float64")
        layer = GhostBatchNormalization(size, dtype="float64")
        layer.build(x.shape)
        gamma, beta = randomize(layer).values()
        got = program(layer, mode, training=True)(x, dy)
        chunks = [slice(start, start + size) for start in range(0, 64, size)]
        wanted = np.concatenate([batch(x[chunk], gamma, beta) for chunk in chunks])
        np.testing.assert_allclose(got.output, wanted, atol=1e-12)
        slopes = [gradient(x[chunk], gamma, dy[chunk]) for chunk in chunks]
        np.testing.assert_allclose(got.inputs, np.concatenate([s[0] for s in slopes]), atol=1e-12)
        np.testing.assert_allclose(got.weights["gamma"], sum(s[1] for s in slopes), atol=1e-10)
        np.testing.assert_allclose(got.weights["beta"], sum(s[2] for s in slopes), atol=1e-10)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [8, 100])
def test_gbn17_def_one_virtual_batch_is_batch_normalization(mode, size):
    x, dy = draw((8, 3, 4)), draw((8, 3, 4), 2)
    passes = []
    for layer in (GhostBatchNormalization(size), BatchNormalization()):
        layer.build(x.shape)
        randomize(layer)
        passes.append(program(layer, mode, training=True)(x, dy))
    ghosts, wanted = passes
    np.testing.assert_allclose(ghosts.output, wanted.output, atol=2e-6)
    np.testing.assert_allclose(ghosts.inputs, wanted.inputs, atol=2e-6)
    for name, value in wanted.state.items():
        np.testing.assert_allclose(ghosts.state[name], value, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("examples", "size"), [(12, 4), (11, 4), (3, 4), (9, 4)])
def test_the_memory_is_that_of_one_virtual_batch_after_the_other(mode, examples, size):
    """Nine in fours leave one alone, which has no variance: it is not remembered."""
    layer = GhostBatchNormalization(size, momentum=0.7)
    layer.build((None, 5))
    step = program(layer, mode, training=True)
    mean, variance = np.zeros(5), np.ones(5)
    for seed in range(3):
        x = draw((examples, 5), seed, mean=seed)
        got = step(x, None).state
        mean, variance = moving(x.astype("float64"), size, 0.7, mean, variance)
        np.testing.assert_allclose(got["moving_mean"], mean, atol=2e-6)
        np.testing.assert_allclose(got["moving_variance"], variance, atol=2e-6)


@pytest.mark.parametrize("mode", MODES)
def test_the_arithmetic_mean_of_all_virtual_batches(mode):
    layer = GhostBatchNormalization(4, momentum=None)
    layer.build((None, 5))
    x = draw((10, 5)).astype("float64")
    chunks = [x[:4], x[4:8], x[8:]]
    step = program(layer, mode, training=True)
    step(x[:4].astype("float32"), None)
    got = step(x[4:].astype("float32"), None).state
    np.testing.assert_allclose(got["moving_mean"], np.mean([c.mean(0) for c in chunks], 0), 1e-5)
    np.testing.assert_allclose(got["moving_variance"], np.mean([c.var(0) for c in chunks], 0), 1e-5)
    np.testing.assert_array_equal(got["count"], np.full(5, 3.0))


@pytest.mark.parametrize("mode", MODES)
def test_a_virtual_batch_that_is_hidden_leaves_no_trace(mode):
    x, mask = draw(SHAPE), np.ones(SHAPE[:2], bool)
    mask[:2] = False
    layers = [GhostBatchNormalization(2, momentum=0.7) for _ in range(2)]
    for layer in layers:
        layer.build((None, *SHAPE[1:]))
    masked = program(layers[0], mode, training=True)(x, None, mask)
    deleted = program(layers[1], mode, training=True)(x[2:], None)
    np.testing.assert_allclose(masked.output[2:], deleted.output, atol=2e-6)
    for name, value in deleted.state.items():
        np.testing.assert_allclose(masked.state[name], value, atol=1e-6, err_msg=name)


def test_inference_right_after_load_model(tmp_path):
    """Of any number of examples."""
    x = draw((10, 3, 4))
    model = keras.Sequential([keras.Input((3, 4)), GhostBatchNormalization(4)])
    model.compile("sgd", "mse")
    model.fit(x, x, batch_size=10, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for examples in (1, 3, 4, 7):
        got = loaded.predict(x[:examples], verbose=0)
        kept = {name: value.astype("float64") for name, value in state(model.layers[0]).items()}
        deviation = np.sqrt(kept["moving_variance"] + 1e-3)
        gamma, beta = (array(v.value) for v in model.trainable_variables)
        wanted = gamma * (x[:examples] - kept["moving_mean"]) / deviation + beta
        np.testing.assert_allclose(got, wanted, atol=2e-6)


@pytest.mark.full
@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow traces unknown sizes")
@pytest.mark.parametrize("xla", [False, True])
def test_one_graph_for_every_batch_size(xla):
    import tensorflow as tf

    layer = GhostBatchNormalization(4, momentum=0.7)
    layer.build((None, 3, 4))
    signature = [tf.TensorSpec((None, 3, 4), tf.float32)]

    @tf.function(input_signature=signature, jit_compile=xla, autograph=False)
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return y, tape.gradient(y, x, x)

    mean, variance = np.zeros(4), np.ones(4)
    for examples in (8, 3, 9, 1, 4, 0):
        x = draw((examples, 3, 4), examples)
        y, dx = step(tf.constant(x))
        kept = state(layer)
        if examples:
            wide = x.astype("float64")
            np.testing.assert_allclose(y, ghost(wide, virtual_batch_size=4), atol=2e-5)
            chunks = [wide[s : s + 4] for s in range(0, examples, 4)]
            wanted = np.concatenate([gradient(c, 1.0, c)[0] for c in chunks])
            np.testing.assert_allclose(dx, wanted, atol=2e-5)
            mean, variance = moving(wide, 4, 0.7, mean, variance)
        assert y.shape == dx.shape == x.shape
        np.testing.assert_allclose(kept["moving_mean"], mean, atol=2e-6)
        np.testing.assert_allclose(kept["moving_variance"], variance, atol=2e-6)
