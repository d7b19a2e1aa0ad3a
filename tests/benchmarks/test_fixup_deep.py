"""Deep networks by Fixup: the model, and the plan walked with made-up outcomes."""

from __future__ import annotations

import dataclasses
import random

import keras
import numpy as np
import pytest

from benchmarks.zhang2019fixup.networks import fixed
from benchmarks.zhang2019fixup.section41_deep import Deep
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete, outcome

pytestmark = pytest.mark.once


def test_the_network_starts_at_zero_and_is_of_the_seed():
    about = {"depth": 8, "width": 4, "input_shape": (8, 8, 1), "classes": 10}
    models = []
    for _ in range(2):
        random.seed(3)
        models.append(fixed(**about))
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(models[0](x)), 0)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("works", "said"), [(True, "reproduced"), (False, "not reproduced")])
def test_what_trains_and_what_blows_up(tmp_path, works, said):
    def rule(run):
        arm = "BN" if run.normalizer != "none" else "Fixup" if run.model[0] == "@" else "He"
        if arm == ("He" if works else "Fixup"):
            return outcome(run, Verdict.BLEW_UP, (0.1,))
        made = outcome(run, accuracies=(0.5, 0.9))
        curve = {**made.curve, "train_loss": (1.0, 0.01)}
        return dataclasses.replace(made, curve=curve, losses=np.full(run.steps, 2.0, np.float32))

    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(Deep(), ledger)
    complete(walk, ledger, rule)
    assert {claim.verdict for claim in walk.experiment.claims(walk.found)} == {said}
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert "Fixup, 56 layers" in (tmp_path / "page/page.md").read_text()
