"""Rows about the size of batches: plans walked with made-up accuracies, in both directions."""

from __future__ import annotations

import pytest

from benchmarks.hoffer2017.table1_gap import GeneralizationGap
from benchmarks.qiao2019.table1_weights import StandardizedWeights
from keras_norms.lab.errors import BadInput
from tests.benchmarks.test_tuned import verdicts
from tests.lab.pretending import outcome

pytestmark = pytest.mark.once
YES, NO, NONE = "reproduced", "not reproduced", "no power here"


@pytest.mark.parametrize(
    ("large", "faster", "ghosts", "longer", "said"),
    [
        (0.50, 0.65, 0.8, 0.95, [YES] * 3),
        (0.75, 0.75, 0.5, 0.60, [NO] * 3),
        (0.95, 0.95, 0.95, 0.95, [NONE] * 3),
    ],
)
def test_the_gap_of_large_batches(tmp_path, large, faster, ghosts, longer, said):
    def rule(run):
        if run.batch == 32:
            return outcome(run, accuracies=(0.1, 0.95 - 0.1 * (run.learning_rate != 0.1)))
        if run.normalizer.startswith("ghost"):
            return outcome(run, accuracies=(0.1, longer if run.steps > 1000 else ghosts))
        return outcome(run, accuracies=(0.1, faster if run.learning_rate > 0.1 else large))

    assert verdicts(GeneralizationGap(), rule, tmp_path) == said


def test_large_batches_that_small_ones_do_not_fill_are_refused():
    with pytest.raises(BadInput, match=r"large.*write a multiple of small=32"):
        next(GeneralizationGap(large=100).plan())


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ({"group": 0.85, "ws+group": 0.95, "layer": 0.8, "ws+layer": 0.9, 2: 0.7}, [YES] * 3),
        ({"group": 0.85, "ws+group": 0.80, "layer": 0.8, "ws+layer": 0.7, 2: 0.7}, [NO] * 3),
        ({"group": 0.85, "ws+group": 0.95, "layer": 0.8, "ws+layer": 0.9, 2: 0.85}, [NONE] * 3),
    ],
)
def test_standardized_weights_in_batches_of_two(tmp_path, right, said):
    def rule(run):
        kind = run.normalizer.partition(":")[0]
        best = right[2] if run.batch == 2 else 0.95
        return outcome(run, accuracies=(0.1, best if kind == "batch" else right[kind]))

    assert verdicts(StandardizedWeights(), rule, tmp_path) == said
