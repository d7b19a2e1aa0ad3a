"""The small-batch study: its plan walked with made-up accuracies, and its control."""

from __future__ import annotations

import pytest

from benchmarks.small_batch import SmallBatch
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadOption
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete, outcome

pytestmark = pytest.mark.once

SMALL = {"batches": (2, 4, 32), "rates": (0.1, 0.3)}


def rule(falls: float):
    """Batch normalization loses so much at batch 2 and half of it at 4, its kind a quarter."""

    def answer(run):
        kind = run.normalizer.partition(":")[0]
        lost = falls * {2: 1.0, 4: 0.5}.get(run.batch, 0.0)
        share = {"batch": 1.0, "renorm": 0.5, "cross_iteration": 0.5, "batch_group": 0.5}
        share["instance_enhancement"] = 0.5
        better = 0.2 if kind in ("proxy(layer)", "instance_enhancement") else 0.0
        best = 0.7 - share.get(kind, 0.0) * lost + better - 0.1 * (run.learning_rate > 0.2)
        return outcome(run, Verdict.USEFUL, (0.5, best))

    return answer


def walked(folder, falls: float) -> tuple[Walk, Ledger]:
    ledger = Ledger.open(folder)
    walk = Walk(SmallBatch(**SMALL), ledger)
    complete(walk, ledger, rule(falls))
    return walk, ledger


def test_the_claims_of_eight_papers(tmp_path):
    walk, ledger = walked(tmp_path / "records", 0.4)
    claims = [*walk.experiment.claims(walk.found)]
    assert {claim.verdict for claim in claims} == {"reproduced"}
    assert {claim.target for claim in claims} == {
        "gn18-batch", "frn20-batch", "evonorm20-batch", "brn17-small", "cbn20-small",
        "bgn20-batch", "pn21-acc", "iebn20-acc",
    }  # fmt: skip
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    text = (tmp_path / "page/page.md").read_text()
    assert "Final test accuracy by batch size" in text
    chosen = {job.learning_rate for job in walk.found["GN, 32"].jobs}
    assert chosen == {0.1}  # on the held-out part, the better of the two
    assert {job.learning_rate for job in walk.found["GN, 2"].jobs} == {0.1 * 2 / 32}


def test_where_batch_normalization_does_not_fail_there_is_no_power(tmp_path):
    walk, _ = walked(tmp_path, 0.0)
    verdicts = [claim.verdict for claim in walk.experiment.claims(walk.found)]
    assert verdicts[:-2] == ["no power here"] * (len(verdicts) - 2)


def test_an_arm_that_has_not_learned_shows_nothing(tmp_path):
    """What is at chance with every batch size does not depend on it either."""

    def at_chance(run):
        flat = run.normalizer.startswith("filter_response")
        return outcome(run, accuracies=(0.1, 0.1)) if flat else rule(0.4)(run)

    ledger = Ledger.open(tmp_path)
    walk = Walk(SmallBatch(**SMALL), ledger)
    complete(walk, ledger, at_chance)
    said = {c.target: c.verdict for c in walk.experiment.claims(walk.found)}
    assert (said["frn20-batch"], said["gn18-batch"]) == ("no power here", "reproduced")


def test_moving_averages_span_equal_numbers_of_examples():
    study = SmallBatch(**SMALL)
    momenta = [study.run("BN", batch, 0.1).normalizer for batch in (2, 32)]
    assert momenta == ["batch:momentum=0.99375", "batch:momentum=0.9"]


def test_batches_that_claims_compare_are_needed():
    with pytest.raises(BadOption, match="write 2 among them"):
        next(SmallBatch(batches=(4, 32)).plan())
