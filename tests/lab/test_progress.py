"""The time left is measured, and said in units that one reads."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.progress import EVERY, Pace, Progress
from keras_norms.lab.report.tables import duration
from keras_norms.lab.walk import Walk

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("seconds", "said"), [
    (0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (6000, "1 h 40 min"),
    (573_673, "6 days"),
])  # fmt: skip
def test_durations_are_read_at_a_glance(seconds, said):
    assert duration(seconds) == said


def test_the_pace_is_that_of_each_program():
    fast = [Computation("m.fast", {"n": n}) for n in range(4)]
    slow = [Computation("m.slow", {"n": n}, effort=2.0) for n in range(4)]
    pace = Pace()
    assert pace.seconds(fast) is None
    pace.learn(fast[0], 1.0)
    pace.learn(fast[0], 100.0)  # a job counts once
    pace.learn(slow[0], 20.0)
    assert pace.seconds(fast[1:]) == 3.0
    assert pace.seconds(slow[1:]) == 60.0
    unknown = Computation("m.unknown")
    assert pace.seconds([unknown]) in (1.0, 10.0)


class Three(Experiment):
    def plan(self):
        yield {"jobs": [Computation("m.f", {"n": n}) for n in range(4)]}


def test_it_counts_what_the_ledger_has(tmp_path, monkeypatch):
    ledger, text = Ledger.open(tmp_path), io.StringIO()
    walk = Walk(Three(), ledger)
    with Progress(Console(file=text, width=120)) as progress:
        progress._spoke -= EVERY + 1
        progress.heard("k", "f, n 0", 0.5)
        progress.show([walk], ledger)
        assert "0%  0 of 4 jobs  f, n 0" in text.getvalue()
        for n in range(2):
            job = Computation("m.f", {"n": n})
            ledger.put(Record(job.key, job.as_dict(), 1, {"seconds": 30.0}))
        progress._spoke, progress._looked = -1e9, -1e9
        progress.show([walk], ledger, workers=2)
        assert "50%  2 of 4 jobs, about 30 s left" in text.getvalue()
