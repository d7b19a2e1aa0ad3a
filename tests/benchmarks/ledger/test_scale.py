"""What the ledger costs: crews of processes on a real storage, and the page of what they found."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.ledger import crew, measuring
from benchmarks.ledger.crew import counting
from benchmarks.ledger.measuring import asked
from benchmarks.ledger.scale import CREW, LedgerScale
from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger, Record
from tests.benchmarks.made_up import page
from tests.lab.ledger.stores import storage as storage

pytestmark = [pytest.mark.once, pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")]
HERE = {"machine": "Abacus, 2 cores", "server": "15.1"}


@pytest.mark.full
def test_a_crew_does_every_job_once(storage):
    asked("filled", storage=storage, prefix="finished", count=5)
    keys = [f"job{n}" for n in range(12)]
    row = asked("done", storage=storage, keys=keys, workers=3)
    assert (row["lost"], row["doubled"]) == (0, 0)
    assert row["tries"] >= 12
    assert row["calls"] > 12 * 4, "claim, put, release and a read of each"
    assert Ledger.open(storage).keys() == {*keys, *(f"finished{n}" for n in range(5))}


def test_what_is_lost_or_done_twice_is_counted(tmp_path, monkeypatch):
    class Careless(crew.Work):
        def all_of(self, keys):
            self._ledger.put(Record(keys[0], {}, keys[0]))
            return {"did": 1, "tries": 1, "calls": 1, "cpu": 0.0, "look": 0.0}

    monkeypatch.setattr(crew, "Work", Careless)
    row = crew.done(str(tmp_path / "records"), ["one", "two", "three"], workers=2)
    assert (row["lost"], row["doubled"]) == (2, 1)


def test_files_are_counted_while_it_lasts(tmp_path):
    with counting() as calls:
        (tmp_path / "a").write_text("a")
        (tmp_path / "a").rename(tmp_path / "b")
        assert calls == ["open", "os.rename"]
    (tmp_path / "c").write_text("c")
    assert len(calls) == 2


def test_an_interrupted_crew_leaves_no_process(tmp_path, monkeypatch):
    """As by Ctrl-C or the end of a time limit, which are raised where the crew is waited for."""
    began = []

    class Impatient(subprocess.Popen):
        def communicate(self, *_):
            began.append(self.pid)
            raise KeyboardInterrupt

    monkeypatch.setattr(measuring.subprocess, "Popen", Impatient)
    with pytest.raises(KeyboardInterrupt):
        asked("done", storage=str(tmp_path / "records"), keys=["one"], workers=2)
    with pytest.raises(ProcessLookupError):
        os.killpg(began[0], 0)


def test_workers_import_no_framework():
    code = (
        "import sys, benchmarks.ledger.crew; "
        "sys.exit(bool({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("other", ["machine", "server"])
def test_another_machine_s_numbers_are_not_measured_here(other, monkeypatch):
    monkeypatch.setattr(measuring, "processor", lambda: HERE["machine"])
    monkeypatch.setattr(measuring, "version", lambda: HERE["server"])
    given = {"store": "folder", "finished": 1, "workers": [1], "jobs": 1, "rounds": 1}
    with pytest.raises(BadInput, match=f"{other}='another'"):
        measuring.jobs(**given, **{**HERE, other: "another"})


def rows(job) -> list[dict]:
    grows = 2 * job.arguments["finished"] / 1e6
    one = {"seconds": 2.0, "cpu": 1.0, "server": 0.5, "calls": 2600, "tries": 200, "look": grows}
    lost = {"lost": int(job.arguments["store"] == "SQLite"), "doubled": 0}
    crews = job.arguments["workers"]
    return [{"workers": n, "round": turn, **one, **lost} for n in crews for turn in range(3)]


def test_the_page(tmp_path):
    written = page(LedgerScale(**HERE), tmp_path, rows)
    assert f"{25 * 3 * 200:,} empty jobs: 18 lost, 0 done twice" in written
    assert "| PostgreSQL | 1,000      | 128" in written
    assert written.count("| PostgreSQL |") == 10
    assert written.count("![") == 1
    assert "not measured" not in written


def test_a_machine_without_a_server_says_so(tmp_path):
    scale = LedgerScale(machine=HERE["machine"], server="none")
    assert {job.arguments["store"] for job in scale.cells()} == {"folder", "SQLite"}
    assert "PostgreSQL was not measured" in page(scale, tmp_path, rows)


def test_many_workers_on_the_server_alone():
    crews = {job.arguments["store"]: job.arguments["workers"] for job in LedgerScale(**HERE).cells()
             if job.arguments["finished"] == 1000}  # fmt: skip
    assert {store for store, sizes in crews.items() if CREW in sizes} == {"PostgreSQL"}
