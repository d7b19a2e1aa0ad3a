"""The main job: planned with made-up outcomes, its page has ranges and no verdict."""

from __future__ import annotations

import pytest

from benchmarks import quick
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete

pytestmark = pytest.mark.once


def test_the_page_has_ranges_and_no_verdict(tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walks = [Walk(experiment, ledger) for experiment in quick.plan()]
    assert [walk.experiment.seeds for walk in walks] == [3, 3]
    for walk in walks:
        complete(walk, ledger)
    out = tmp_path / "page"
    publish([Part(walk) for walk in walks], ledger, out, "report", verdicts=False)
    page = (out / "report.md").read_text().lower()
    assert "too few for verdicts" in page
    assert "undecided" not in page
    assert "reproduced" not in page.replace("not reproduced here", "")
    assert not (out / "claims.csv").exists()
