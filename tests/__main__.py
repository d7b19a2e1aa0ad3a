"""Run the tests: the fast lane, or all of them on every backend that is installed.

    python -m tests                      the fast lane: one backend, what is marked `full` left out
    python -m tests --all                everything, on TensorFlow, JAX and torch
    python -m tests tests/layers -x      pytest's own arguments, on every backend

The fast lane's backend is KERAS_BACKEND, or the first one installed. Otherwise the first backend
runs all tests, the others leave out those marked `once`, which do not depend on the backend. The
exit code is 0 where no test failed and at least one passed.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
BACKENDS = ("tensorflow", "jax", "torch")
NOTHING_COLLECTED = 5
# A file stays with one worker: what it compiles is compiled once. Their order is the conftest's.
WORKERS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
# Which lines run is asked of one backend alone, the quickest: a tracer costs as much on each.
MEASURED = "torch"


class Count(NamedTuple):
    passed: int
    failed: int
    skipped: int

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def main(arguments: list[str]) -> int:
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if fast := not arguments:
        chosen = os.environ.get("KERAS_BACKEND")
        installed = [name for name in installed if name == (chosen or name)][:1]
    given = [word for word in arguments if word != "--all"]
    counts: dict[str, Count] = {}
    for name in installed:
        print(f"\n=== {name} ===", flush=True)
        leave = "full" if fast else "" if name == installed[0] else "once"
        measured = name == MEASURED and arguments == ["--all"]
        counts[name] = run(name, given, leave=leave, measured=measured)
    print("\nBackend")
    for name in BACKENDS:
        missing = "not run" if importlib.util.find_spec(name) else "not installed"
        print(f"  {name:<12}{counts.get(name, missing)}")
    total = Count(*(sum(column) for column in zip(Count(0, 0, 0), *counts.values(), strict=True)))
    if fast:
        print("The fast lane; --all runs every test on every backend.")
    print(total)
    return 0 if total.passed and not total.failed else 1


def run(backend: str, arguments: list[str], *, leave: str, measured: bool = False) -> Count:
    """Pytest in a process of its own, since Keras chooses its backend when it is imported."""
    # Two processes on two cores: more threads in each would only wait for one another.
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
        command += WORKERS if importlib.util.find_spec("xdist") else []
        command += ["-m", f"not {leave}"] if leave else []
        if measured and importlib.util.find_spec("pytest_cov"):
            quiet["COVERAGE_FILE"] = f"{folder}/coverage"
            command += ["--cov", "--cov-report="]
        code = subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            env={**quiet, **os.environ, "KERAS_BACKEND": backend},
        ).returncode
        count = read(report) if report.exists() else Count(0, 0, 0)
        if Path(quiet.get("COVERAGE_FILE", folder)).is_file():
            print(coverage(quiet["COVERAGE_FILE"], backend), flush=True)
    if code not in (0, NOTHING_COLLECTED) and not count.failed:
        return count._replace(failed=1)  # pytest itself gave up
    return count


def coverage(file: str, backend: str) -> str:
    """The share of lines and branches that ran; most tests of the lab run on another backend."""
    command = [sys.executable, "-m", "coverage", "report", "--omit=keras_norms/lab/*"]
    share = subprocess.run(
        [*command, f"--data-file={file}", "--format=total"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return f"Coverage of keras_norms without its lab, under {backend}: {share.stdout.strip()} %"


def read(report: Path) -> Count:
    """The sums of a JUnit report; errors in fixtures or in collection are failures."""
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total = {
        name: sum(int(suite.get(name, 0)) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    }
    failed = total["failures"] + total["errors"]
    return Count(total["tests"] - failed - total["skipped"], failed, total["skipped"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
