"""Rows about the size of batches: plans walked with made-up accuracies, in both directions."""

from __future__ import annotations

import dataclasses

import keras
import pytest

from benchmarks.brock2021.table_batch_of_four import AGC, BatchOfFour
from benchmarks.hoffer2017.table1_gap import GeneralizationGap
from benchmarks.qiao2019.table1_weights import Weights
from benchmarks.salimans2016.figure1_training import Training
from benchmarks.wu2018.table3_groups import Groups
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import optimizers
from keras_norms.normfree import AdaptiveGradientClipping
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

    assert verdicts(Weights(), rule, tmp_path) == said


@pytest.mark.parametrize(
    ("bn", "free", "bears", "said"),
    [
        (0.5, 0.9, 10, [YES, YES]),
        (0.8, 0.5, 0.3, [NO, NO]),
        (0.95, 0.9, 10, [NONE, YES]),
    ],
)
def test_a_normalizer_free_network_in_batches_of_four(tmp_path, bn, free, bears, said):
    """Without clipping it trains up to 0.3, with it up to `bears`."""

    def rule(run):
        if run.model.startswith("preactivation"):
            return outcome(run, accuracies=(0.1, 0.95 if run.batch == 32 else bn))
        up_to = 0.3 if run.optimizer == "sgd" else bears
        return outcome(run, accuracies=(0.1, free if run.learning_rate <= up_to else 0.1))

    assert verdicts(BatchOfFour(), rule, tmp_path) == said


def test_the_clipped_optimizer_of_a_run_clips():
    run = BatchOfFour().run(AGC, 0.1)
    made = optimizers.make(run.of("optimizer"), keras.Sequential(), 0.1)
    assert isinstance(made, AdaptiveGradientClipping)
    assert (made.clipping, float(made.learning_rate)) == (0.08, pytest.approx(0.1))


@pytest.mark.parametrize(
    ("steps", "right", "said"),
    [
        ({"none": 200, "weight": 100, "batch": 50}, 0.95, [YES, YES]),
        ({"none": 100, "weight": 200, "batch": 50}, 0.70, [NO, NO]),
        ({"none": 100, "weight": 50, "batch": 200}, 0.95, [NONE, YES]),
    ],
)
def test_how_fast_an_all_convolutional_network_trains(tmp_path, steps, right, said):
    def rule(run):
        kind, both = run.normalizer.partition(":")[0], "mean_only" in run.normalizer
        reached = steps.get(kind, 100)
        best = right if both else 0.9
        made = outcome(run, accuracies=(0.5, 0.9, best))
        columns = {"step": (reached - 10, reached, 300), "train_accuracy": (0.5, 0.95, 0.99)}
        return dataclasses.replace(made, curve=made.curve | columns)

    assert verdicts(Training(), rule, tmp_path) == said


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ({"batch": 0.95, 1: 0.8, 4: 0.95, "instance": 0.7}, [YES] * 3),
        ({"batch": 0.95, 1: 0.95, 4: 0.6, "instance": 0.7}, [NO] * 3),
        ({"batch": 0.95, 1: 0.9, 4: 0.95, "instance": 0.95}, [NONE] * 3),
    ],
)
def test_normalizers_and_groups_at_batch_32(tmp_path, right, said):
    def rule(run):
        kind, _, told = run.normalizer.partition(":groups=")
        best = right.get(int(told), 0.9) if told else right[kind.partition(":")[0]]
        made = outcome(run, accuracies=(0.1, best))
        return dataclasses.replace(made, curve=made.curve | {"train_loss": (2.0, 1 - best)})

    assert verdicts(Groups(), rule, tmp_path) == said
