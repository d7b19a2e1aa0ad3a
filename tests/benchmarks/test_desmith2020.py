"""Branch variance: its plan walked with made-up moments."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.desmith2020.section2_branch_variance import BranchVariance
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
