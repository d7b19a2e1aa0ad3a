"""One training that several experiments, or two stages of one, look at by different probes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import pytest

from keras_norms.lab.execution import work
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Bench
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.training import Run
from keras_norms.lab.walk import Walk
from tests.lab.pretending import outcome, run

pytestmark = pytest.mark.once

RAY, OUTPUTS = "ray:at=0,points=3", "outputs:at=0"


@dataclass(frozen=True, kw_only=True)
class Looking(Experiment):
    """Looks at one training by a probe, then by another."""

    probes: tuple[tuple[str, ...], ...] = ()

    def plan(self):
        for stage, probes in enumerate(self.probes):
            yield {f"stage {stage}": self.paired(replace(run(), probes=probes))}


@pytest.fixture
def trained(monkeypatch) -> Counter:
    """How often each seed was trained with which probes; nothing is trained."""
    counted: Counter = Counter()

    def do(self: Run, bench: Bench):
        wanted = self.only(bench.missing)
        counted[self.seed, tuple(wanted.probes)] += 1
        probed = {probe: [{"step": 0, "seen": probe}] for probe in wanted.probes}
        return outcome(wanted, probed=probed).parts()

    monkeypatch.setattr(Run, "do", do)
    monkeypatch.setattr(Run, "finished", lambda self, bench: None)
    return counted


def test_experiments_share_one_training(trained, tmp_path):
    ledger = Ledger.open(tmp_path)
    walks = [Walk(Looking(seeds=2, probes=((probe,),)), ledger) for probe in (RAY, OUTPUTS)]
    work(walks, ledger, Bench())
    both = run(probes=(RAY, OUTPUTS)).probes
    assert trained == {(10, both): 1, (11, both): 1}
    for walk, probe in zip(walks, ("ray", "outputs"), strict=True):
        assert [len(rows) for rows in walk.found["stage 0"].probed(probe)] == [1, 1]


def test_a_plan_looks_again_by_another_probe(trained, tmp_path):
    ledger = Ledger.open(tmp_path)
    walk = Walk(Looking(seeds=2, probes=((RAY,), (OUTPUTS,))), ledger)
    work([walk], ledger, Bench())
    assert sum(trained.values()) == 4
    assert len(walk.found.jobs) == 4
    assert [len(rows) for rows in walk.found["stage 1"].probed("outputs")] == [1, 1]
