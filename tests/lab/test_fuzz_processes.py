"""A few odd argument lists as whole processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.test_fuzz import STATUSES, lists

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]


def test_a_few_as_processes(tmp_path):
    for name, words in lists(30, 99):
        if words[:1] == ["run"] and "--help" not in words:
            words = [*words, "--dry-run"]
        done = subprocess.run(
            [sys.executable, "-m", name, *(word for word in words if "\0" not in word)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode in STATUSES, (words, done.stderr)
        assert "Traceback" not in done.stderr, (words, done.stderr)
        # What TensorFlow says of itself while it loads is not ours.
        lines = done.stderr.strip().splitlines()
        theirs = ("WARNING: All log", "I0000", "W0000")
        ours = [line for line in lines if not line.startswith(theirs)]
        assert len(ours) <= 3, (words, done.stderr)
