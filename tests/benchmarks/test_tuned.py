"""Arms at their own learning rates: plans walked with made-up outcomes, in both directions."""

from __future__ import annotations

import pytest

from benchmarks.ioffe2017.section44_few_classes import FewClasses
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
