"""synchronized=True: several replicas give what one device gives for the joined batch."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms import layers
from tests.conformance.case import draw
from tests.gradients import BACKEND, array, double, program, randomize, state
from tests.oracles.batch import batch, gradient, statistics
from tests.replicas import Step, on_replicas

pytestmark = pytest.mark.skipif(BACKEND == "jax", reason="a sharded batch: test_sharded.py")

MODES = ("eager", "outer", "inner") if BACKEND == "tensorflow" else ("eager",)
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
)


def step(layer="BatchNormalization", sizes=(4, 4), mean=1e3, hidden=None, mode="eager", **settings):
    """A step on examples whose mean drifts, so that no replica's statistics are those of all."""
    shape = (sum(sizes), 3, 4)
    drift = np.linspace(0, 2, shape[0], dtype="float32")[:, None, None]
    mask = None
    if hidden is not None:  # some values of every replica, and all of one
        mask = np.random.default_rng(3).random(shape[:2]) < 0.6
        mask[: sum(sizes[:hidden])] |= not hidden
        start = sum(sizes[:hidden])
        mask[start : start + sizes[hidden]] = False
    settings = {"synchronized": True, "momentum": 0.5, **settings}
    x, dy = draw(shape, 1, mean) + drift, draw(shape, 2)
    dy = dy if mask is None else np.where(mask[..., None], dy, np.float32(0))
    made = Step(layer, settings, sizes, x, dy, mask, mode)
    one = made.made()
    randomize(one)
    return made._replace(weights=[np.array(w) for w in one.get_weights()])


STEPS = {
    **{f"two, {mode}": step(mode=mode) for mode in MODES},
    "four": step(sizes=(3, 3, 3, 3)),
    "far": step(mean=1e4, sizes=(2, 6)),
    "uneven": step(sizes=(1, 7), unbiased=True, momentum=None),
    "uneven, four": step(sizes=(1, 2, 0, 5), mode=MODES[-1]),
    "masked": step(hidden=0, sizes=(2, 6), unbiased=True),
    "masked, four": step(hidden=2, sizes=(2, 1, 3, 4), mode=MODES[-1]),
    "channels first": step(axis=1),
    "several axes": step(axis=[1, 2]),
    "constants": step(statistics_gradient=False, sizes=(3, 5)),
    **{
        f"{layer} {settings}": step(layer, (2, 6), 1.0, mode=MODES[-1], **settings)
        for layer, settings in OTHERS
    },
    **{
        f"{layer} {settings}, masked": step(layer, (2, 6), 1.0, 0, **settings)
        for layer, settings in OTHERS
    },
}
HALVES = {
    dtype: step(dtype=dtype, sizes=(3, 5), mean=10.0)
    for dtype in ("mixed_float16", "mixed_bfloat16")
}
ALL = {**STEPS, **HALVES}


@pytest.fixture(scope="module")
def passes():
    return dict(zip(ALL, on_replicas(list(ALL.values())), strict=True))


def one_device(step, dtype="float64"):
    with double():
        layer = step.made()
        return program(layer, training=True)(step.x.astype(dtype), step.dy.astype(dtype), step.mask)


@pytest.mark.parametrize("name", STEPS)
def test_as_one_device_with_the_joined_batch(passes, name):
    """That device computes in float64."""
    got, step = passes[name], STEPS[name]
    settings = {**step.settings, "dtype": "float64"}
    wanted = one_device(step._replace(settings=settings))
    seen = np.ones(step.x.shape[:2], bool) if step.mask is None else step.mask
    close = {"rtol": 1e-5, "atol": 1e-5}
    output, inputs = (np.concatenate([getattr(p, f) for p in got]) for f in ("output", "inputs"))
    np.testing.assert_allclose(output[seen], wanted.output[seen], **close)
    np.testing.assert_allclose(inputs[seen], wanted.inputs[seen], **close)
    for weight, slope in wanted.weights.items():
        summed = sum(p.weights[weight].astype("float64") for p in got)
        np.testing.assert_allclose(summed, slope, rtol=1e-5, atol=1e-5, err_msg=weight)
    for p in got:
        assert p.state.keys() == wanted.state.keys()
        for memory, value in wanted.state.items():
            np.testing.assert_allclose(p.state[memory], value, err_msg=memory, **close)
            np.testing.assert_array_equal(p.state[memory], got[0].state[memory])
