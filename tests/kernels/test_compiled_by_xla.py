"""A layer knows whether XLA compiles it, wherever it stands, and is exact either way."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from tests.conformance.case import draw, relative
from tests.gradients import BACKEND, array, state
from tests.oracles.batch import batch, inference

if BACKEND != "tensorflow":
    pytest.skip("only TensorFlow has graphs that XLA compiles or not", allow_module_level=True)

tf = pytest.importorskip("tensorflow")
kernel = pytest.importorskip("keras_norms.kernels.tensorflow")

SHAPE = (64, 5, 4)
LIMIT = 2e-5
FUSED = "FusedBatchNormV3"


@keras.saving.register_keras_serializable(package="tests")
class Witness(keras.layers.Layer):
    """Hands its inputs on and writes down what it was told in each call."""

    heard: list[bool] = []  # noqa: RUF012, since a loaded model has a witness of its own

    def call(self, inputs):
        self.heard.append(kernel.is_compiled_by_xla())
        return inputs * 1.0


@pytest.fixture
def heard():
    Witness.heard.clear()
    return Witness.heard


def in_function(step, **options):
    return lambda x: tf.function(step, autograph=False, **options)(x)


def in_loop(step):
    return lambda x: tf.while_loop(lambda i, _: i < 2, lambda i, v: (i + 1, step(v)), (0, x))[1]


def under_tape(step):
    def differentiated(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = step(x)
        return tape.gradient(y, x)

    return differentiated


def in_gradient(step):
    """The layer is called by the pass backward alone."""

    @tf.custom_gradient
    def identity(x):
        return tf.identity(x), step

    return under_tape(identity)


def in_branch(step):
    return lambda x: tf.cond(tf.reduce_sum(x) > -1e30, lambda: step(x), lambda: x)


WRAPPINGS = {
    "itself": lambda step: step,
    "function": in_function,
    "function twice": lambda step: in_function(in_function(step)),
    "while_loop": in_loop,
    "map_fn": lambda step: lambda x: tf.map_fn(step, x),
    "cond": in_branch,
    "tape": under_tape,
    "custom gradient": in_gradient,
    "function in while_loop": lambda step: in_loop(in_function(step)),
    "custom gradient in function": lambda step: in_function(in_gradient(step)),
    "recompute_grad": lambda step: under_tape(tf.recompute_grad(step)),
}


@pytest.mark.parametrize("around", ["eager", "graph", "xla"])
@pytest.mark.parametrize("name", WRAPPINGS)
def test_functions(name, around, heard):
    step = WRAPPINGS[name](Witness())
    if around != "eager":
        step = in_function(step, jit_compile=around == "xla")
    step(tf.constant(draw((3, 4))))
    assert heard
    assert set(heard) == {around == "xla"}


def test_a_compiled_function_in_a_plain_one(heard):
    in_function(in_function(Witness(), jit_compile=True))(tf.constant(draw((3, 4))))
    assert heard == [True]


def test_both_in_one_layer(heard):
    layer, x = Witness(), tf.constant(draw((3, 4)))
    for jit_compile in (False, True, False):
        in_function(layer, jit_compile=jit_compile)(x)
    assert heard == [False, True, False]


def network(*middle):
    return keras.Sequential([keras.Input(SHAPE[1:]), *middle, keras.layers.Activation("linear")])


def nested(layer):
    inner = keras.Sequential([layer])
    inputs = keras.Input(SHAPE[1:])
    return keras.Model(inputs, network(keras.Sequential([inner]))(inputs))


def loaded(layer, folder):
    path = folder / "model.keras"
    network(layer).save(path)
    return keras.models.load_model(path)


def functional(layer):
    inputs = keras.Input(SHAPE[1:])
    return keras.Model(inputs, layer(inputs))


BUILD = {
    "sequential": lambda layer, folder: network(layer),
    "functional": lambda layer, folder: functional(layer),
    "nested": lambda layer, folder: nested(layer),
    "loaded": loaded,
}


@pytest.mark.parametrize("jit_compile", [True, False, "auto"])
@pytest.mark.parametrize("build", BUILD)
def test_models(build, jit_compile, heard, tmp_path):
    model, x = BUILD[build](Witness(), tmp_path), draw(SHAPE)
    model.compile("sgd", "mse", jit_compile=jit_compile)
    for use in (
        lambda: model.fit(x, x, batch_size=32, verbose=0),
        lambda: model.predict(x, batch_size=32, verbose=0),
        lambda: model.evaluate(x, x, batch_size=32, verbose=0),
    ):
        heard.clear()
        use()
        # fit() first asks for shapes in a graph that is thrown away: the last call is the one.
        assert heard[-1] == bool(model.jit_compile)
        assert jit_compile == "auto" or heard[-1] == jit_compile
        assert model.jit_compile or not any(heard)


def find(model):
    """The batch normalization, however deep."""
    return next(v for v in model._flatten_layers() if isinstance(v, BatchNormalization))


@pytest.mark.full
@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("build", BUILD)
def test_batch_normalization_is_exact(build, jit_compile, tmp_path):
    x = draw(SHAPE, mean=1e4)
    model = BUILD[build](BatchNormalization(momentum=0.0), tmp_path)
    layer, truth = find(model), x.astype("float64")
    wanted = batch(truth)
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=jit_compile)
    history = model.fit(x, wanted.astype("float32"), batch_size=64, epochs=2, verbose=0).history
    assert np.sqrt(history["loss"]).max() <= LIMIT * np.sqrt(np.mean(wanted**2))
    memory = state(layer)
    np.testing.assert_allclose(memory["moving_mean"], truth.mean((0, 1)), rtol=1e-7)
    np.testing.assert_allclose(memory["moving_variance"], truth.var((0, 1)), rtol=LIMIT)
    wanted = inference(truth, 1.0, 0.0, memory["moving_mean"], memory["moving_variance"])
    assert relative(model.predict(x, batch_size=64, verbose=0), wanted) <= LIMIT
    path = tmp_path / "again.keras"
    model.save(path)
    again = keras.models.load_model(path)
    again.compile(jit_compile=jit_compile)
    assert relative(again.predict(x, batch_size=64, verbose=0), wanted) <= LIMIT


def kinds(graph):
    """The types of all operations, those in the functions that it calls included."""
    definition = graph.as_graph_def()
    bodies = (definition.node, *(function.node_def for function in definition.library.function))
    return {node.op for nodes in bodies for node in nodes}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("jit_compile", "training", "fused"),
    [(False, True, True), (True, True, False), (False, False, False)],
)
def test_the_operation_in_the_graph(jit_compile, training, fused, wrapped):
    layer = BatchNormalization()
    layer.build(SHAPE)

    def step(x):
        return layer(x, training=training)

    traced = tf.function(
        in_function(step) if wrapped else step, jit_compile=jit_compile, autograph=False
    ).get_concrete_function(tf.TensorSpec(SHAPE))
    assert (FUSED in kinds(traced.graph)) == fused


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_takes_the_same_operation(policy):
    layer = BatchNormalization(dtype=policy)
    layer.build(SHAPE)
    traced = tf.function(lambda x: layer(x, training=True), autograph=False)
    spec = tf.TensorSpec(SHAPE, layer.compute_dtype)
    assert FUSED in kinds(traced.get_concrete_function(spec).graph)


def test_a_trace_from_outside_stays_exact():
    """A function that was traced before is not traced again within a compiled one."""
    layer, x = BatchNormalization(), draw(SHAPE, mean=1e4)
    layer.build(SHAPE)
    step = tf.function(lambda x: layer(x, training=True), autograph=False)
    wanted = batch(x.astype("float64"))
    assert relative(array(step(tf.constant(x))), wanted) <= LIMIT
    outer = tf.function(lambda x: step(x), jit_compile=True, autograph=False)
    assert relative(array(outer(tf.constant(x))), wanted) <= LIMIT


def test_the_answer_where_the_private_name_is_missing(monkeypatch):
    from tensorflow.python.ops import control_flow_util

    monkeypatch.delattr(control_flow_util, "GraphOrParentsInXlaContext")
    assert kernel.is_compiled_by_xla()
