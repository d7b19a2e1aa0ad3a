"""A study that is killed goes on: nothing finished is lost, nothing finished is trained again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from optuna.trial import TrialState

from keras_norms.lab.trials import finished, open_study

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "studies", "run", "frontier", "--depths", "2", "--normalizers",
           "none", "batch:momentum=0.9", "--seeds", "2", "--width", "8", "--steps", "20",
           "--low", "0.01", "--high", "100", "--most", "5"]  # fmt: skip
ENOUGH = 5


def finished_so_far(journal: Path) -> int:
    """Trials told so far, read as text so that nothing is mended or locked."""
    if not journal.exists():
        return 0
    lines = journal.read_bytes().split(b"\n")[:-1]
    return sum(json.loads(line).get("state") == TrialState.COMPLETE for line in lines)


def start(out: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "--out", str(out)], cwd=ROOT, env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_kill_and_go_on(tmp_path):
    journal = tmp_path / "trials.log"
    first = start(tmp_path)
    while finished_so_far(journal) < ENOUGH:
        assert first.poll() is None, first.stderr.read()
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    # As if the kill had also cut a write short.
    with journal.open("ab") as file:
        file.write(b'{"op_code":8,"worker_id":"')
    kept = finished_so_far_whole(journal)
    assert len(kept) >= ENOUGH

    second = start(tmp_path)
    said, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    assert "cut short" in errors
    assert "Traceback" not in errors
    assert "oneDNN" not in errors  # the backend's greeting
    assert str(tmp_path / "frontier.html") in said

    study = open_study("frontier-digits-mlp", journal)
    trials = study.get_trials()
    complete = [t.user_attrs["key"] for t in trials if t.state == TrialState.COMPLETE]
    assert set(Counter(complete).values()) == {1}
    now = finished(study)
    for key, outcome in kept.items():
        assert now[key] == outcome
    assert len(now) > len(kept)
    assert {t.state for t in trials} <= {TrialState.COMPLETE, TrialState.FAIL}


def finished_so_far_whole(journal: Path) -> dict:
    """The outcomes in a copy of the journal without its half line."""
    copy = journal.with_name("copy.log")
    copy.write_bytes(journal.read_bytes().rpartition(b"\n")[0] + b"\n")
    return finished(open_study("frontier-digits-mlp", copy))
