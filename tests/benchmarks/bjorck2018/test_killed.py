"""Figure 1, killed in the middle: what was finished is kept, and the page is the same."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]
SMALL = (
    "--seeds 3 --data digits --size 8 --examples 128 --test-examples 100 --batch 32 --depth 8 "
    "--width 2 --rates 0.1 0.02 --epochs 8 --epochs-without 60 --workers 1"
)


def started(out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "benchmarks", "run", "bjorck2018.accuracy_by_rate"]
    return subprocess.Popen(
        [*command, *SMALL.split(), "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def judged(out: Path) -> list[tuple[str, ...]]:
    """Every claim with its numbers, without what is of the day."""
    told = ("claim", "inequality", "ours", "low", "high", "seeds", "verdict")
    with (out / "claims.csv").open() as file:
        return [tuple(row[name] for name in told) for row in csv.DictReader(file)]


def records(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "records").glob("*.json")}


def test_killed_in_the_middle_the_page_is_that_of_an_undisturbed_run(tmp_path: Path):
    whole = started(tmp_path / "whole")
    killed = started(tmp_path / "killed")
    end = time.monotonic() + 300
    while len(records(tmp_path / "killed")) < 4:
        assert killed.poll() is None, killed.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    kept = records(tmp_path / "killed")
    assert 4 <= len(kept) < 9

    again = started(tmp_path / "killed")
    _, said = again.communicate()
    assert again.returncode == 0, said
    _, said = whole.communicate()
    assert whole.returncode == 0, said
    assert records(tmp_path / "killed").items() >= kept.items()
    assert judged(tmp_path / "killed") == judged(tmp_path / "whole")
