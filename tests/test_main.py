"""`python -m tests`: counts, the last line and the exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import __main__ as program

pytestmark = pytest.mark.once

REPORT = """<testsuites>
<testsuite tests="10" failures="1" errors="2" skipped="3"/>
<testsuite tests="4" failures="0" errors="0" skipped="0"/>
</testsuites>"""


def test_a_report_is_summed(tmp_path):
    (tmp_path / "report.xml").write_text(REPORT)
    assert program.read(tmp_path / "report.xml") == (8, 3, 3)


@pytest.fixture
def told(monkeypatch):
    """What each backend's pytest is told; "names" are the installed ones, with their counts."""
    told = {"names": dict.fromkeys(program.BACKENDS, (1, 0, 0))}
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(program.importlib.util, "find_spec", lambda name: name in told["names"])

    def run(name, arguments, *, leave, measured):
        told[name] = (arguments, leave)
        if measured:
            told["measured"] = name
        return program.Count(*told["names"][name])

    monkeypatch.setattr(program, "run", run)
    return told


@pytest.mark.parametrize(("counts", "code"), [
    ([(5, 0, 1), (2, 0, 0)], 0),
    ([(5, 0, 1), (2, 1, 0)], 1),
    ([(0, 0, 0), (0, 0, 0)], 1),
    ([], 1),
])  # fmt: skip
def test_the_exit_code_and_the_last_line(counts, code, told, capsys):
    names = told["names"] = dict(zip(program.BACKENDS, counts, strict=False))
    assert program.main(["--all"]) == code
    assert [told[name] for name in names] == [([], ""), ([], "once")][: len(counts)]
    assert told.get("measured") == ("torch" if "torch" in names else None)
    *lines, last = capsys.readouterr().out.splitlines()
    sums = [sum(count[i] for count in counts) for i in range(3)]
    assert last == "{} passed, {} failed, {} skipped".format(*sums)
    for name in program.BACKENDS:
        (line,) = (line for line in lines if line.startswith(f"  {name}"))
        assert ("not installed" in line) == (name not in names)


def test_the_fast_lane_is_one_backend_without_what_is_marked_full(told, monkeypatch, capsys):
    first, second, _ = program.BACKENDS
    assert program.main([]) == 0
    assert told.keys() == {"names", first}
    assert told[first] == ([], "full")
    assert "--all" in capsys.readouterr().out
    monkeypatch.setenv("KERAS_BACKEND", second)
    assert program.main([]) == 0
    assert told[second] == ([], "full")


def test_arguments_go_to_pytest_on_every_backend(told):
    assert program.main(["tests/layers", "-x"]) == 0
    words = ["tests/layers", "-x"]
    leave = ["", "once", "once"]
    assert [told[name] for name in program.BACKENDS] == [(words, left) for left in leave]
    assert "measured" not in told, "of a part of the tests it would say little"


def test_what_ran_is_a_number_in_the_log(capsys):
    pytest.importorskip("pytest_cov")
    program.run("torch", ["tests/test_main.py", "-k", "summed"], leave="", measured=True)
    assert re.search(r"without its lab, under torch: \d+ %$", capsys.readouterr().out.strip())


def test_where_nothing_is_tested_nothing_has_passed():
    """From end to end, on whatever is installed: a file that is not there."""
    run = subprocess.run(
        [sys.executable, "-m", "tests", "tests/nowhere.py"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
    )
    assert run.returncode == 1
    assert re.fullmatch(r"0 passed, \d failed, 0 skipped", run.stdout.splitlines()[-1])
