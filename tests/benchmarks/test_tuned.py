"""Arms at their own learning rates: plans walked with made-up outcomes, in both directions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.ba2016.figure6_small_batch import SmallBatch
from benchmarks.ioffe2017.section44_few_classes import FewClasses
from benchmarks.zhang2019rms.section6_accuracy import Accuracy
from benchmarks.zhu2025.section5_swap import Swap
from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete, outcome

pytestmark = pytest.mark.once


def verdicts(experiment, rule, folder) -> list[str]:
    """Of each claim, the page being published as well."""
    ledger = Ledger.open(folder / "records")
    walk = Walk(experiment, ledger)
    complete(walk, ledger, rule)
    publish([Part(walk)], ledger, folder / "page", "page")
    assert experiment.title() in (folder / "page/page.md").read_text()
    return [claim.verdict for claim in experiment.claims(walk.found)]


@pytest.mark.parametrize(
    ("bn", "brn", "said"),
    [
        (0.6, 0.9, ["reproduced"] * 3),
        (0.6, 0.5, ["not reproduced", "reproduced", "reproduced"]),
        (0.9, 0.9, ["no power here", "reproduced", "not reproduced"]),
    ],
)
def test_batches_of_few_classes(tmp_path, bn, brn, said):
    def rule(run):
        few = run.of("data").arguments["batch_classes"]
        right = (bn if run.normalizer == "batch" else brn) if few else 0.9
        return outcome(run, accuracies=(0.1, right - 0.1 * (run.learning_rate != 0.03)))

    assert verdicts(FewClasses(), rule, tmp_path) == said


def test_batches_that_classes_do_not_fill_are_refused():
    with pytest.raises(BadInput, match=r"classes.*write a divisor of batch=32"):
        next(FewClasses(classes=3).plan())


@pytest.mark.parametrize(
    ("losses", "wide", "said"),
    [
        ({"layer": 0.1, "batch": 0.5, "none": 0.2}, 0.05, ["reproduced"] * 3),
        ({"layer": 0.3, "batch": 0.1, "none": 0.2}, 0.01, ["not reproduced"] * 3),
    ],
)
def test_batches_of_four(tmp_path, losses, wide, said):
    def rule(run):
        spread = wide if run.normalizer == "batch" else 0.01
        curve = tuple(0.9 + spread * (k % 2) for k in range(20))
        loss = losses[run.normalizer] * (1 + run.seed / 1000)
        return dataclasses.replace(
            outcome(run, accuracies=curve), losses=np.full(run.steps, loss, np.float32)
        )

    assert verdicts(SmallBatch(), rule, tmp_path) == said


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ({"layer": 0.95, "dynamic_tanh": 0.95, "none": 0.8}, ["reproduced"] * 2),
        ({"layer": 0.95, "dynamic_tanh": 0.85, "none": 0.9}, ["not reproduced"] * 2),
    ],
)
def test_dynamic_tanh_in_the_place_of_layer_normalization(tmp_path, right, said):
    def rule(run):
        best = right[run.normalizer] - 0.1 * (run.learning_rate != 0.003)
        return outcome(run, accuracies=(0.1, best))

    assert verdicts(Swap(), rule, tmp_path) == said


@pytest.mark.parametrize(
    ("rms", "tanh", "said"),
    [
        (2.0, 2.5, ["reproduced"] * 2),
        (2.2, 2.5, ["not reproduced"] * 2),
        (2.0, 2.0, ["no power here"] * 2),
    ],
)
def test_rms_normalization_beside_layer_normalization(tmp_path, rms, tanh, said):
    def rule(run):
        loss = {"rms": rms, "dynamic_tanh": tanh}.get(run.normalizer, 2.0)
        made = outcome(run, accuracies=(0.1, 1 - loss / 4))
        return dataclasses.replace(made, curve=made.curve | {"test_loss": (3.0, loss)})

    assert verdicts(Accuracy(), rule, tmp_path) == said
