"""The counter-claim: its plans walked with made-up outcomes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.desmith2020.section2_branch_variance import BranchVariance
from benchmarks.desmith2020.section4_batch_sizes import BatchSizes
from benchmarks.desmith2020.thousand_layers import ThousandLayers
from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete, outcome

pytestmark = pytest.mark.once


def rule(run):
    """Variances l + 1 with BN, 1.7^l without, 1 with SkipInit."""
    blocks = np.arange(1, 28)
    plain = 1.7**blocks if run.of("model").arguments["branch"] == "plain" else np.ones(27)
    values = blocks + 1.0 if run.normalizer != "none" else plain
    (probe,) = run.probes
    rows = [{"step": 0, "output_std": np.sqrt(values).tolist()}]
    return dataclasses.replace(outcome(run), probed={probe: rows})


def test_the_three_ways_in_which_variance_grows(tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(BranchVariance(seeds=6), ledger)
    complete(walk, ledger, rule)
    assert [claim.verdict for claim in walk.experiment.claims(walk.found)] == ["reproduced"] * 3
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert "Variance behind each block" in (tmp_path / "page/page.md").read_text()


@pytest.mark.parametrize("grows", [False, True])
def test_best_rates_by_batch_size(tmp_path, grows):
    """Accuracies that are highest at one rate, ten times higher with BN where batches are large."""

    def by_batch(run):
        large = run.batch > 100 and run.normalizer != "none"
        best = 0.1 * (10 if large and grows else 0.1 if large else 1) * (1 + run.seed / 100)
        off = abs(np.log10(run.learning_rate / best))
        return outcome(run, accuracies=(0.1, round(0.8 - 0.1 * off**2, 3)))

    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(BatchSizes(), ledger)
    complete(walk, ledger, by_batch)
    similar, larger = [claim.verdict for claim in walk.experiment.claims(walk.found)]
    assert similar == "reproduced"
    assert (larger == "reproduced") == grows
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert "Best rates" in (tmp_path / "page/page.md").read_text()


@pytest.mark.parametrize(("plain", "verdict"), [(0.1, "reproduced"), (0.9, "not reproduced")])
def test_a_thousand_layers(tmp_path, plain, verdict):
    def trains(run):
        skips = run.of("model").arguments["branch"] == "skipinit"
        return outcome(run, accuracies=(0.1, 0.8 if skips else plain))

    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(ThousandLayers(), ledger)
    complete(walk, ledger, trains)
    said = [claim.verdict for claim in walk.experiment.claims(walk.found)]
    assert said == ["reproduced", verdict]
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert "SkipInit" in (tmp_path / "page/page.md").read_text()


def test_both_networks_that_are_compared_are_asked_for():
    with pytest.raises(BadInput, match=r"arms.*name SkipInit and none"):
        next(ThousandLayers(arms=("SkipInit",)).plan())
