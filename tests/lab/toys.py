"""A package of experiments whose jobs train nothing, written where a test wants it.

Its workers import no framework. Every job appends a line to a log when it begins and one when it
ends, so that a test can count what was done twice.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import subprocess
import sys
import textwrap
import warnings
from collections import Counter
from pathlib import Path

from keras_norms.lab.command import Program

ROOT = Path(__file__).parents[2]

MAIN = """
import sys
from keras_norms.lab.command import Program

if __name__ == "__main__":
    sys.exit(Program("toys", "Toys.", "").main(sys.argv[1:]))
"""
JOBS = """
import os
import random
import time


def noisy(mean, seed, seconds=0.0, log=""):
    _line(log, f"began {mean} {seed} {os.getpid()}")
    time.sleep(seconds)
    _line(log, f"ended {mean} {seed} {os.getpid()}")
    return mean + random.Random(seed).random()


def _line(log, text):
    if log:
        with open(log, "a") as file:
            file.write(text + "\\n")
"""
EXPERIMENT = '''
"""One file is all that an experiment needs."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option


@dataclass(frozen=True, kw_only=True)
class Gap(Experiment):
    """Toy 2020, Figure 1: one is larger than the other.

    Claim  b is larger than a by the gap.
    """

    gap: float = option(0.5, "difference of the means", least=-5, most=5, gpu=2.0)
    seconds: float = option(0.0, "seconds that a job sleeps", least=0)
    log: str = option("", "file that counts jobs")

    def job(self, mean: float) -> Computation:
        given = {"mean": mean, "seconds": self.seconds, "log": self.log}
        return Computation("toys.jobs.noisy", given, seed=0)

    def plan(self):
        found = yield {"a": self.paired(self.job(0.0)), "b": self.paired(self.job(self.gap))}
        largest = max(found["b"])
        yield {"c": self.paired(self.job(largest))}

    def claims(self, found):
        a, b = (found[name].quantity(float, "value") for name in "ab")
        yield Claim("b is larger.", b - a > self.gap - 0.1, paper="0.5", target="toy-1")
'''


class Toys:
    """The package, its folder of results, and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self.out = folder, folder / "log", folder / "results"
        for name, text in {"__main__": MAIN, "jobs": JOBS, "figure1_gap": EXPERIMENT}.items():
            self.write(name, text)
        self.write("__init__", "")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / "toys" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
        return path

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        paths = os.pathsep.join([str(self.folder), str(ROOT)])
        return subprocess.Popen(
            [sys.executable, "-m", "toys", *arguments],
            env={**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "default"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def inside(self, *arguments: str) -> tuple[int, str, str]:
        """The same in this process, for what needs neither workers nor signals."""
        out, err = io.StringIO(), io.StringIO()
        forget()
        sys.path.insert(0, str(self.folder))
        importlib.invalidate_caches()
        try:
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                warnings.catch_warnings(),
            ):
                code = Program("toys", "Toys.", "").main(arguments)
        except SystemExit as ended:  # of argparse
            code = int(ended.code or 0)
        finally:
            sys.path.remove(str(self.folder))
            forget()
        return code, out.getvalue(), err.getvalue()

    def counted(self, what: str) -> Counter:
        """How often each job began or ended."""
        if not self.log.exists():
            return Counter()
        lines = (line.split() for line in self.log.read_text().splitlines())
        return Counter((mean, seed) for said, mean, seed, _ in lines if said == what)


def forget() -> None:
    """Each test has a package of that name."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "toys"]:
        del sys.modules[name]
