"""An experiment whose training only sleeps, and writes down who trained what.

Settings   `log` names a file with a line for each training that began or ended; nothing ends
           before `together` processes have begun.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from keras_norms.lab.command import Program
from keras_norms.lab.errors import BadInput
from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.trials import finished, run_trials
from tests.lab import pretending

BEGAN, ENDED = "began", "ended"


@dataclass(frozen=True, kw_only=True)
class Settings:
    log: str
    programs: int = 4
    seeds: int = 6
    seconds: float = 0.1
    together: int = 1
    refuse: bool = False
    crash: bool = False

    @property
    def study(self) -> str:
        return "sleeping"

    def runs(self) -> list[Run]:
        return [
            pretending.run(seed=seed, depth=2 + depth, backend="tensorflow")
            for depth in range(self.programs)
            for seed in range(self.seeds)
        ]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--log")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--programs", type=int)
    parser.add_argument("--together", type=int)
    parser.add_argument("--refuse", action="store_true", default=None)
    parser.add_argument("--crash", action="store_true", default=None)


def effort(settings: Settings) -> float:
    return sum(map(effort_of, settings.runs()))


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    progress = progress or Progress.silent()

    def train(
        runs: Iterable[Run], *, data_dir: Any, on_step: Callable[[Run, int], None]
    ) -> Iterator[Outcome]:
        for run in runs:
            if settings.refuse:
                raise BadInput("nothing=here can be trained")
            write(settings, run, BEGAN)
            if settings.crash:
                raise ZeroDivisionError("a bug")
            while len({process for _, process, _ in lines(Path(settings.log))}) < settings.together:
                time.sleep(0.05)
            on_step(run, run.steps // 2)
            time.sleep(settings.seconds)
            write(settings, run, ENDED)
            yield pretending.by_rate(run)

    with progress.stage("sleeping", effort(settings)):
        run_trials(study, settings.runs(), progress=progress, train=train)


def write(settings: Settings, run: Run, what: str) -> None:
    with open(settings.log, "a") as file:  # one short line is written whole
        file.write(f"{run.key} {os.getpid()} {what}\n")


def lines(log: Path) -> list[tuple[str, int, str]]:
    """Run, process, and what it did with it."""
    if not log.exists():
        return []
    found = [line.split() for line in log.read_text().split("\n")[:-1]]
    return [(key, int(process), what) for key, process, what in found]


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    return Section("Sleeping", [f"{len(finished(study))} runs"])


PROGRAM = Program("tests.lab.workers.sleeping", "Sleeps.", "", {"sleep": sys.modules[__name__]})

if __name__ == "__main__":
    # By its own name, which workers and reports import it by.
    from tests.lab.workers import sleeping

    sys.exit(sleeping.PROGRAM.main(sys.argv[1:]))
