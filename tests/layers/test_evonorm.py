"""The EvoNorms: the suite for each, and the formulas by their target's name."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers.evonorm_b import EvoNormB0, EvoNormB1, EvoNormB2
from keras_norms.layers.evonorm_s import EvoNormS0, EvoNormS0a, EvoNormS1, EvoNormS1a
from tests.conformance.case import draw
from tests.gradients import array, double, program, randomize, state
from tests.oracles import evonorm
from tests.oracles.arrays import slope
from tests.suite import Case, NormalizerSuite

IN_GROUPS = (
    ({"groups": 2}, (5, 4)),
    ({"groups": 1, "epsilon": 0.1}, (3, 5, 4)),
    ({"groups": 3}, (2, 3, 2, 6)),
    ({"groups": 2, "axis": 1}, (2, 4, 2, 3)),
    ({"groups": -1}, (2, 3, 2, 3)),
    ({"groups": 2}, (2, 2, 2, 2, 4)),
)
BY_CHANNEL = (
    ({}, (5, 4)),
    ({"epsilon": 0.1}, (3, 5, 4)),
    ({"axis": 1}, (3, 4, 2, 2)),
    ({"axis": [1, -1]}, (3, 2, 3, 4)),
    ({}, (2, 2, 2, 2, 3)),
)
# Nothing is subtracted: constants of 3e4 over a small deviation overflow float16.
LARGE = {"epsilon": 1.0}
BATCH_REFUSALS = (({"axis": 0}, "axis 0"), ({"momentum": 1.5}, "momentum 1.5"))


class TestEvoNormS0(NormalizerSuite):
    case = Case(
        layer=EvoNormS0,
        oracle=evonorm.s0,
        examples=IN_GROUPS,
        settings={"groups": 2, **LARGE},
        refusals=(
            ({"groups": 3}, "groups 3 4"),
            ({"groups": 0}, "groups 0"),
            ({"axis": 0}, "axis 0"),
        ),
        centred=False,
        told=("v",),
    )


class TestEvoNormS1(NormalizerSuite):
    case = Case(
        layer=EvoNormS1,
        oracle=evonorm.s0,  # with a v of one, its own default
        examples=IN_GROUPS,
        settings={"groups": 2, **LARGE},
        centred=False,
    )


class TestEvoNormS0a(NormalizerSuite):
    case = Case(
        layer=EvoNormS0a,
        oracle=evonorm.s0,
        examples=IN_GROUPS,
        settings={"groups": 2, **LARGE},
        centred=False,
        told=("v",),
    )


class TestEvoNormS1a(NormalizerSuite):
    case = Case(
        layer=EvoNormS1a,
        oracle=evonorm.s0,
        examples=IN_GROUPS,
        settings={"groups": 2, **LARGE},
        centred=False,
    )


class TestEvoNormB0(NormalizerSuite):
    case = Case(
        layer=EvoNormB0,
        oracle=evonorm.b0,
        examples=BY_CHANNEL,
        refusals=BATCH_REFUSALS,
        batch_dependent=True,
        centred=False,
        several_axes=True,
        told=("v",),
    )


class TestEvoNormB1(NormalizerSuite):
    case = Case(
        layer=EvoNormB1,
        oracle=evonorm.b1,
        examples=BY_CHANNEL,
        refusals=BATCH_REFUSALS,
        batch_dependent=True,
        centred=False,
        several_axes=True,
    )


class TestEvoNormB2(NormalizerSuite):
    case = Case(
        layer=EvoNormB2,
        oracle=evonorm.b2,
        examples=BY_CHANNEL,
        settings=LARGE,
        refusals=BATCH_REFUSALS,
        batch_dependent=True,
        centred=False,
        several_axes=True,
    )


@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (3, 1, 1, 6)])
@pytest.mark.parametrize("name", ["S0", "S1", "B0", "B1", "B2"])
def test_evonorm20_def(name, shape):
    kind = {"S0": EvoNormS0, "S1": EvoNormS1, "B0": EvoNormB0, "B1": EvoNormB1, "B2": EvoNormB2}
    settings = {"groups": 3} if name[0] == "S" else {}
    oracle = getattr(evonorm, "s0" if name == "S1" else name.lower())
    with double():
        layer, x = kind[name](dtype="float64", **settings), draw(shape).astype("float64")
        layer.build(shape)
        weights = randomize(layer)
        scale, shift = weights.pop("gamma"), weights.pop("beta")
        wanted = oracle(x, scale, shift, **weights, **settings)
        np.testing.assert_allclose(array(layer(x, training=True)), wanted, atol=1e-10)


@pytest.mark.parametrize("kind", [EvoNormB0, EvoNormB1, EvoNormB2])
def test_inference_by_the_moving_variance_and_the_example(kind):
    shape = (3, 4, 5, 6)
    x, layer, seen = draw(shape), kind(momentum=0.5), draw(shape, 7) * 3
    layer(seen, training=True)
    assert set(state(layer)) == {"moving_variance"}
    remembered = 0.5 + 0.5 * seen.var(axis=(0, 1, 2))  # as the paper's, with no correction
    np.testing.assert_allclose(state(layer)["moving_variance"], remembered, rtol=1e-5)
    weights = randomize(layer)
    scale, shift = weights.pop("gamma"), weights.pop("beta")
    moving = state(layer)["moving_variance"].astype("float64")
    oracle = {EvoNormB0: evonorm.b0, EvoNormB1: evonorm.b1, EvoNormB2: evonorm.b2}[kind]
    wanted = oracle(x.astype("float64"), scale, shift, moving=moving, **weights)
    np.testing.assert_allclose(array(layer(x, training=False)), wanted, rtol=1e-4, atol=2e-5)


def test_b2_around_zero():
    """Its two ways of taking the mean off the root meet at a mean of exactly zero."""
    x, dy = np.array([-1.0, 1.0, -2.0, 2.0]).reshape(2, 2, 1), draw((2, 2, 1), 2)
    got = program(EvoNormB2(), training=True)(x.astype("float32"), dy)
    wanted = slope(lambda v: float((evonorm.b2(v) * dy).sum()), x, 1e-5)
    np.testing.assert_allclose(got.inputs, wanted, atol=1e-5)


@pytest.mark.parametrize("kind", [EvoNormS0, EvoNormS1, EvoNormS0a, EvoNormS1a])
def test_without_activation(kind):
    """The variants "a" normalize there, the others do not; neither has a v."""
    x = draw((3, 4, 5, 6))
    layer = kind(groups=3, apply_activation=False, epsilon=0.1)
    layer.build(x.shape)
    weights = randomize(layer)
    assert set(weights) == {"gamma", "beta"}
    normalized = x.reshape(3, 20, 3, 2).astype("float64")
    deviation = np.sqrt(normalized.var(axis=(1, 3), keepdims=True) + 0.1)
    normalized = (normalized / deviation).reshape(x.shape)
    wanted = (normalized if kind in (EvoNormS0a, EvoNormS1a) else x) * weights["gamma"]
    np.testing.assert_allclose(array(layer(x)), wanted + weights["beta"], atol=2e-5)
    again = kind.from_config(layer.get_config())
    assert again.apply_activation is False


def test_the_epsilon_of_the_variants():
    assert (EvoNormS0().epsilon, EvoNormS0a().epsilon) == (1e-5, 1e-3)
    assert (EvoNormS1().epsilon, EvoNormS1a().epsilon) == (1e-5, 1e-3)
