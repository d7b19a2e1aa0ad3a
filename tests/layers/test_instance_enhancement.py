"""InstanceEnhancementBatchNormalization: the suite, its gate, inference."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers import BatchNormalization
from keras_norms.layers.instance_enhancement import InstanceEnhancementBatchNormalization
from tests.conformance.case import SHAPE, draw
from tests.gradients import MODES, array, double, program, randomize, state
from tests.oracles.batch import inference
from tests.oracles.instance_enhancement import gate, instance_enhancement
from tests.suite import Case, NormalizerSuite


class TestInstanceEnhancementBatchNormalization(NormalizerSuite):
    case = Case(
        layer=InstanceEnhancementBatchNormalization,
        oracle=instance_enhancement,
        examples=(
            ({}, (5, 4)),
            ({"epsilon": 0.1}, (3, 5, 4)),
            ({}, (2, 3, 2, 4)),
            ({"axis": 1}, (3, 4, 2, 2)),
            ({"axis": [1, -1]}, (3, 2, 3, 4)),
            ({}, (2, 2, 2, 2, 3)),
        ),
        refusals=(({"momentum": 1.5}, "momentum 1.5"), ({"axis": 0}, "axis 0")),
        batch_dependent=True,
        several_axes=True,
        told=("gate_gamma", "gate_beta"),
    )


@pytest.mark.parametrize("mode", MODES)
def test_iebn20_init(mode):
    """At the start every example is batch normalized and multiplied by sigmoid(-1)."""
    with double():
        x = draw((6, 5, 5, 4)).astype("float64")
        plain, layer = (
            kind(center=False, dtype="float64")
            for kind in (BatchNormalization, InstanceEnhancementBatchNormalization)
        )
        ratio = program(layer, mode, training=True)(x, None).output / array(plain(x, training=True))
        np.testing.assert_allclose(ratio, 0.26894142, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_inference_is_gated_by_the_example_itself(mode):
    x, layer = draw(SHAPE), InstanceEnhancementBatchNormalization(momentum=0.5)
    layer.build(SHAPE)
    weights = randomize(layer)
    layer(draw(SHAPE, 3, mean=2.0), training=True)
    kept = {name: value.astype("float64") for name, value in state(layer).items()}
    mask = np.arange(5) < np.array([5, 3, 2, 4, 1, 3])[:, None]
    for hidden in (None, mask):
        seen = None if hidden is None else np.broadcast_to(hidden[..., None], SHAPE)
        delta = gate(x.astype("float64"), weights["gate_gamma"], weights["gate_beta"], mask=seen)
        plain = inference(
            x.astype("float64"), 1.0, 0.0, kept["moving_mean"], kept["moving_variance"]
        )
        wanted = plain * weights["gamma"] * delta + weights["beta"]
        got = program(layer, mode, training=False)(x, None, hidden).output
        visible = np.ones(SHAPE, bool) if seen is None else seen
        np.testing.assert_allclose(got[visible], wanted[visible], atol=2e-5)


def test_the_gate_stays_without_gamma():
    layer = InstanceEnhancementBatchNormalization(scale=False, center=False)
    layer.build(SHAPE)
    assert [v.name for v in layer.trainable_variables] == ["gate_gamma", "gate_beta"]
    weights = randomize(layer)
    got = array(layer(draw(SHAPE), training=True))
    wanted = instance_enhancement(draw(SHAPE).astype("float64"), **weights)
    np.testing.assert_allclose(got, wanted, atol=2e-5)
