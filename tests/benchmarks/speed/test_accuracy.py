"""The accuracy table: its reference is right, and it fails where a layer does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.speed import float64
from benchmarks.speed.accuracy import FARTHEST, LIMIT, Accuracy
from keras_norms.lab.errors import BadInput
from keras_norms.lab.machine import this_machine
from tests.benchmarks.made_up import found, page
from tests.conformance.case import draw
from tests.oracles.arrays import slope
from tests.oracles.batch import batch
from tests.oracles.group import group
from tests.oracles.instance import instance
from tests.oracles.layer import layer
from tests.oracles.rms import rms

SMALL = (4, 3, 3, 8)
ORACLES = {
    "batch": batch,
    "group": lambda x: group(x, groups=float64.GROUPS),
    "instance": instance,
    "layer": layer,
    "rms": rms,
}


@pytest.mark.once
@pytest.mark.parametrize("name", ORACLES)
def test_the_reference_is_the_oracle(name):
    x, dy = draw((2, 3, 2, 16), 1).astype("float64"), draw((2, 3, 2, 16), 2).astype("float64")
    *_, axes, centred = float64.NORMALIZERS[name]
    y, dx = float64.reference(x, dy, axes, centred, 1e-6 if name == "rms" else 1e-3)
    np.testing.assert_allclose(y, ORACLES[name](x), atol=1e-12)
    wanted = slope(lambda v: float((ORACLES[name](v) * dy).sum()), x, 1e-5)
    np.testing.assert_allclose(dx, wanted, atol=1e-8)


@pytest.mark.parametrize("name", ORACLES)
def test_the_layers_are_within_the_limit(name):
    rows = float64.errors(name=name, shape=SMALL, seeds=1, machine=this_machine())
    assert {row["whose"] for row in rows} == {"ours", "Keras"}
    judged = [r for r in rows if r["whose"] == "ours" and r["mean"] <= FARTHEST * r["deviation"]]
    assert len(judged) >= 10
    assert max(max(row["y"], row["dx"]) for row in judged) <= LIMIT


def made_up(job, error: float = 1e-6) -> list[dict]:
    """Errors of both layers, ours of batch normalization as given."""
    wrong = error if job.arguments["name"] == "batch" else 1e-6
    return [
        {"seed": seed, "deviation": 1.0, "mean": mean, "whose": whose, "mode": "jit"}
        | {"y": wrong if mean < 1e5 and whose == "ours" else 1e300, "dx": 1e-7}
        for seed in range(9)
        for mean in (0.0, 1e5)
        for whose in ("ours", "Keras")
    ]


@pytest.mark.once
@pytest.mark.parametrize(("error", "verdict"), [(1e-5, "reached"), (1e-4, "missed")])
def test_a_wrong_layer_misses_its_target_and_what_is_not_judged_does_not_count(
    error, verdict, tmp_path
):
    experiment = Accuracy(backend="jax", machine="cpu")
    walked = found(experiment, tmp_path, lambda job: made_up(job, error))
    verdicts = {claim.sentence.split()[1]: claim.verdict for claim in experiment.claims(walked)}
    assert verdicts == {**dict.fromkeys(ORACLES, "reached"), "batch": verdict}
    assert "not finite / 1e-07 *" in page(experiment, tmp_path, made_up)


@pytest.mark.once
@pytest.mark.parametrize("shape", [(4, 3, 3, 6), (4, 3, 8), (0, 3, 3, 8)])
def test_a_wrong_shape(shape):
    with pytest.raises(BadInput, match="shape"):
        Accuracy(shape=shape)
