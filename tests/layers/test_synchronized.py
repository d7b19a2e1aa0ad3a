"""synchronized=True: several replicas give what one device gives for the joined batch."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms import layers
from keras_norms.layers import BatchNormalization, GhostBatchNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import BACKEND, array, double, program, randomize
from tests.oracles.batch import batch, gradient
from tests.replicas import Step, on_replicas

# Ways of compiling a step: not at all, around the replicas, within each.
COMPILED = {"tensorflow": ("", "outer", "inner")}.get(BACKEND, ("",))
BEST = COMPILED[-1]


def dense(dtype="float32"):
    layer = keras.layers.Dense(4, kernel_initializer="identity", use_bias=False, dtype=dtype)
    return keras.saving.serialize_keras_object(layer)


OTHERS = (
    ("MeanOnlyBatchNormalization", {}),
    ("VarianceNormalization", {}),
    ("LpNormalization", {"p": 1}),
    ("LpNormalization", {"p": 2, "centred": True}),
    ("LpNormalization", {"p": "inf"}),
    ("BatchRenormalization", {"warmup_steps": 0, "r_max_steps": 0, "d_max_steps": 0}),
    ("BatchGroupNormalization", {"groups": 2}),
    ("InstanceEnhancementBatchNormalization", {}),
    ("SwitchableNormalization", {}),
    ("EvoNormB0", {}),
    ("EvoNormB1", {}),
    ("EvoNormB2", {}),
    ("CrossIterationBatchNormalization", {"layer": dense(), "window": 2, "burn_in": 0}),
)


def made(layer, settings, **more):
    return getattr(layers, layer).from_config({**settings, **more})


def step(
    layer="BatchNormalization", /, sizes=(4, 4), mean=1e3, hidden=None, compiled="", **settings
):
    """A step on examples whose mean drifts, so that no replica's statistics are those of all.

    With a mask each replica sees some values, and the replica `hidden` none.
    """
    if BACKEND == "jax":  # which cuts a batch into equal pieces
        sizes = (sum(sizes) // len(sizes),) * len(sizes)
    shape = (sum(sizes), 3, 4)
    drift = np.linspace(0, 2, shape[0], dtype="float32")[:, None, None]
    x, dy, mask = draw(shape, 1, mean) + drift, draw(shape, 2), None
    if hidden is not None:
        mask = np.random.default_rng(3).random(shape[:2]) < 0.6
        mask[sum(sizes[:hidden]) : sum(sizes[: hidden + 1])] = False
        dy[~mask] = 0
    settings = {"synchronized": True, "momentum": 0.5, **settings}
    new = Step(layer, settings, sizes, x, dy, mask, compiled)
    one = new.made()
    randomize(one)
    return new._replace(weights=one.get_weights())


STEPS = {
    **{f"two {way}": step(compiled=way) for way in COMPILED},
    "four": step(sizes=(3, 3, 3, 3)),
    "far": step(mean=1e4, sizes=(2, 6)),
    "uneven": step(sizes=(1, 7), unbiased=True, momentum=None),
    "uneven, one empty": step(sizes=(1, 2, 0, 5), compiled=BEST),
    "masked": step(hidden=0, sizes=(2, 6), unbiased=True),
    "masked, four": step(hidden=2, sizes=(2, 1, 3, 6), compiled=BEST),
    "channels first": step(axis=1),
    "one value of each replica": step(axis=[1, 2], sizes=(1, 1, 1, 1)),
    "constants": step(statistics_gradient=False, sizes=(3, 5)),
    "float16": step(dtype="mixed_float16", sizes=(3, 5), mean=10.0),
    "bfloat16": step(dtype="mixed_bfloat16", sizes=(3, 5), mean=10.0),
}
for layer, settings in OTHERS:
    name = f"{layer} {settings.get('p', '')}"
    STEPS[name] = step(layer, (2, 6), 1.0, compiled=BEST, **settings)
    if BACKEND != "jax":
        STEPS[f"{name} masked"] = step(layer, (2, 6), 1.0, 0, **settings)


@pytest.fixture(scope="module")
def passes():
    return dict(zip(STEPS, on_replicas(list(STEPS.values())), strict=True))


@pytest.mark.parametrize("name", STEPS)
def test_as_one_device_with_the_joined_batch(passes, name):
    """That one computes in float64."""
    got, step = passes[name], STEPS[name]
    wide = {**step.settings, "dtype": "float64"}
    if "layer" in wide:
        wide["layer"] = dense("float64")
    with double():
        one = step._replace(settings=wide).made()
        x, dy = step.x.astype("float64"), step.dy.astype("float64")
        wanted = program(one, training=True)(x, dy, step.mask)
    seen = np.ones(step.x.shape[:2], bool) if step.mask is None else step.mask
    close = {"rtol": 1e-5, "atol": 1e-5}
    rounded = {"float16": 4e-3, "bfloat16": 3e-2}.get(name, 1e-5)
    halves = {"rtol": rounded, "atol": rounded}
    output, inputs = (np.concatenate([getattr(p, f) for p in got]) for f in ("output", "inputs"))
    np.testing.assert_allclose(output[seen], wanted.output[seen], **halves)
    np.testing.assert_allclose(inputs[seen], wanted.inputs[seen], **halves)
    for weight, slope in wanted.weights.items():
        summed = sum(p.weights[weight].astype("float64") for p in got)
        np.testing.assert_allclose(summed, slope, err_msg=weight, **halves)
    for p in got:
        assert p.state.keys() == wanted.state.keys()
        for memory, value in wanted.state.items():
            np.testing.assert_allclose(p.state[memory], value, err_msg=memory, **close)
            np.testing.assert_array_equal(p.state[memory], got[0].state[memory])


@pytest.mark.parametrize("name", ["four", "uneven", "far"])
def test_batch_normalization_of_the_paper(passes, name):
    got, step = passes[name], STEPS[name]
    gamma, beta = (w.astype("float64") for w in step.weights[:2])
    x, dy = step.x.astype("float64"), step.dy.astype("float64")
    dx, dgamma, dbeta = gradient(x, gamma, dy)
    close = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(
        np.concatenate([p.output for p in got]), batch(x, gamma, beta), **close
    )
    np.testing.assert_allclose(np.concatenate([p.inputs for p in got]), dx, **close)
    np.testing.assert_allclose(sum(p.weights["gamma"] for p in got), dgamma, **close)
    np.testing.assert_allclose(sum(p.weights["beta"] for p in got), dbeta, **close)


@pytest.mark.parametrize(("layer", "settings"), [("BatchNormalization", {}), *OTHERS])
def test_alone_nothing_changes(layer, settings):
    x, dy = draw(SHAPE, 1), draw(SHAPE, 2)
    alone, other = (
        program(made(layer, settings, synchronized=value), training=True)(x, dy)
        for value in (True, False)
    )
    np.testing.assert_equal(alone._asdict(), other._asdict())


@pytest.mark.parametrize(("layer", "settings"), [("BatchNormalization", {}), *OTHERS])
def test_its_configuration(layer, settings):
    for value in (True, False):
        config = made(layer, settings, synchronized=value).get_config()
        assert config["synchronized"] is value
        assert made(layer, config).synchronized is value


def test_keras_configuration_is_taken():
    config = {**BatchNormalization().get_config(), "synchronized": True}
    assert BatchNormalization.from_config(config).synchronized


def test_ghosts_are_of_one_device():
    with pytest.raises(ValueError, match=r"synchronized.*one device"):
        GhostBatchNormalization(synchronized=True)
    assert GhostBatchNormalization.from_config(GhostBatchNormalization().get_config())


@pytest.mark.parametrize(("axis", "shape"), [(0, (6, 4)), ([0, -1], (6, 5, 4)), (-1, (4,))])
def test_replicas_share_no_example(axis, shape):
    with pytest.raises(ValueError, match="batch axis") as error:
        BatchNormalization(axis, synchronized=True).build(shape)
    assert str(shape) in str(error.value)


@pytest.mark.skipif(BACKEND != "torch", reason="of torch.distributed")
def test_a_group_that_cannot_sum_is_named(monkeypatch):
    import torch

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(torch.distributed, "get_backend_config", lambda: "cuda:nccl")
    layer = BatchNormalization(synchronized=True)
    with pytest.raises(ValueError, match=r"device 'cpu'.*cuda:nccl.*init_process_group"):
        layer(draw(SHAPE), training=True)
    np.testing.assert_array_equal(array(layer.moving_mean.value), np.zeros(4))
