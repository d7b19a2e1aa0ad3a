"""The surgery benchmarks from plan to page, their outcomes made up."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.surgery.applications import Applications
from benchmarks.surgery.operations import FOLD, OPERATIONS
from benchmarks.surgery.predict import FoldedPredict
from keras_norms.lab.errors import BadInput
from tests.benchmarks.made_up import finished, found, page

pytestmark = pytest.mark.once


def rows(job) -> list[dict]:
    row = {"done": 4, "left": 0, "reasons": {}, "error": 0.0, "failed": "", "seconds": 1.0}
    made = [{"operation": operation, **row} for operation in OPERATIONS]
    made[0] |= {"left": 1, "reasons": {"it is shared": ["bn"]}, "error": 3e-5}
    made[0] |= {"rounding": 2e-5, "in float64": 1e-12}
    if job.arguments["name"] == "Xception":
        made[2]["failed"] = "ValueError: no"
    return made


def test_the_page_counts_failures_and_names_what_was_left(tmp_path):
    finished(Applications(names=("VGG16",), backend="torch"), tmp_path, rows)
    names = ("MobileNet", "VGG16", "Xception")
    written = page(Applications(names=names, backend="jax"), tmp_path, rows)
    assert "jax: 3 architectures tried, 2 without a failure" in written
    assert "torch: 1 architectures tried, 1 without a failure" in written
    assert "Xception, group: ValueError: no." in written
    assert "in the others by up to 1.5 times the network's own rounding" in written
    assert "bn: it is shared" in written
    frame = pd.read_csv(tmp_path / "tables" / "surgery.csv")
    assert len(frame) == 4 * len(OPERATIONS)
    assert set(frame[frame["operation"] == FOLD]["error"]) == {3e-5}


@pytest.mark.parametrize(("ratio", "verdict"), [(1.5, "reached"), (1.1, "missed")])
def test_a_fold_is_judged_on_tensorflow_alone(ratio, verdict, tmp_path):
    def seconds(job):
        return {"seconds": {"whole": [ratio] * 11, "folded": [1.0] * 11}}

    predict = FoldedPredict(backend="tensorflow", machine="Abacus")
    (target,) = predict.claims(found(predict, tmp_path, seconds))
    assert target.verdict == verdict
    elsewhere = FoldedPredict(backend="jax", machine="Abacus")
    assert len(list(elsewhere.claims(found(elsewhere, tmp_path / "jax", seconds)))) == 0
    assert f"{ratio:.2f} [{ratio:.2f}, {ratio:.2f}] times" in page(predict, tmp_path, seconds)


def test_unknown_architectures_are_refused():
    with pytest.raises(BadInput, match="Mobile"):
        Applications.at("cpu", {"names": ("Mobile",)})
    assert len(Applications.at("cpu").names) >= 38
