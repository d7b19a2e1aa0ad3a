"""Validation with both kinds of statistics: the probe against NumPy, the plan walked."""

from __future__ import annotations

import types

import keras
import numpy as np
import pytest

import keras_norms
from benchmarks.wu2021precise.figure2_validation import PROBE, Validation
from benchmarks.wu2021precise.validation import accuracies
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete, outcome


def test_precise_statistics_are_means_over_the_batches():
    draw = np.random.default_rng(0)
    x = draw.normal(3.0, 2.0, (50, 4)).astype("float32")
    test = draw.normal(3.0, 2.0, (40, 4)).astype("float32")
    normalizer = keras_norms.layers.BatchNormalization(center=False, scale=False, epsilon=1e-3)
    model = keras.Sequential([keras.Input((4,)), normalizer])
    whole = x[:48].reshape(4, 12, 4).astype(float)  # of 50 examples two are left over
    mean, variance = whole.mean(axis=1).mean(axis=0), whole.var(axis=1).mean(axis=0)
    wanted = ((test - mean) / np.sqrt(variance + 1e-3)).argmax(axis=1)
    moving = (test / np.sqrt(1 + 1e-3)).argmax(axis=1)  # of the averages that it starts with
    assert np.any(wanted != moving)
    before = model.get_weights()
    for labels, right in ((wanted, "precise"), (moving, "moving")):
        data = types.SimpleNamespace(x_train=x, x_test=test, y_test=labels)
        found = accuracies(model, data, batch=12)
        assert found[right] == 1
        assert min(found.values()) == pytest.approx(np.mean(wanted == moving))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.once
@pytest.mark.parametrize(("helps", "said"), [(True, "reproduced"), (False, "not reproduced")])
def test_validation_is_judged(tmp_path, helps, said):
    def rule(run):
        points = run.steps // run.evaluate_every
        worse = {True: "moving", False: "precise"}[helps]
        rows = [
            {"step": k, **{kind: 0.9 - (0.02 + 0.02 * (k % 2)) * (kind == worse)
                           for kind in ("moving", "precise")}}
            for k in range(points)
        ]  # fmt: skip
        return outcome(run, probed={f"{PROBE}:batch=32": rows})

    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(Validation(), ledger)
    complete(walk, ledger, rule)
    spread, early, equal = [claim.verdict for claim in walk.experiment.claims(walk.found)]
    assert (spread, early, equal) == (said, said, "not reproduced")
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert "precise" in (tmp_path / "page/page.md").read_text()
