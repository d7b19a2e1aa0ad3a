"""What is running and how long it will take: a bar on a terminal, a line now and then elsewhere.

The time left is an estimate from what has been measured: the seconds that jobs of each compiled
program took for their effort, in this command and in those before it.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Sequence

from rich import progress as rich_progress
from rich.console import Console
from rich.table import Column

from keras_norms.lab.job import Job
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.report.tables import duration
from keras_norms.lab.walk import Walk

EVERY = 10.0  # seconds between two plain lines
LOOK = 1.0  # seconds between two looks at the ledger


class Pace:
    """Seconds a unit of effort, by program, from the jobs that were done."""

    def __init__(self) -> None:
        self._spent: dict[Hashable, tuple[float, float]] = {}  # seconds and effort by program
        self._kinds: dict[Hashable, type] = {}
        self._counted: set[str] = set()

    def learn(self, job: Job, seconds: float) -> None:
        if job.key not in self._counted:
            self._counted.add(job.key)
            self._kinds[job.program] = type(job)
            before = self._spent.get(job.program, (0.0, 0.0))
            self._spent[job.program] = before[0] + seconds, before[1] + job.effort

    def seconds(self, jobs: Iterable[Job]) -> float | None:
        """What the jobs will take one after another; None before anything was measured.

        Of a program without a measurement the median pace of its kind is assumed, trainings for
        trainings; of a kind without one, that a job takes as long as the mean of all.
        """
        if not self._spent:
            return None
        mean = sum(seconds for seconds, _ in self._spent.values()) / len(self._counted)
        total = 0.0
        for job in jobs:
            seconds, effort = self._spent.get(job.program, (0.0, 0.0))
            pace = seconds / effort if effort else self._usual(type(job))
            total += mean if pace is None else job.effort * pace
        return total

    def _usual(self, kind: type) -> float | None:
        """The median pace of the programs of a kind of job."""
        known = [spent for program, spent in self._spent.items() if self._kinds[program] is kind]
        paces = sorted(seconds / effort for seconds, effort in known if effort)
        return paces[len(paces) // 2] if paces else None


class Progress:
    """Shows how far the walks are; a context manager, entered once.

    Args:
        console: where to show; None shows nothing.
    """

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self._pace = Pace()
        self._looked, self._spoke = -LOOK, time.monotonic()
        self._now = ""  # what was heard last
        self._shares: dict[str, float] = {}  # by key, of the jobs in the middle
        self._bar: rich_progress.Progress | None = None

    @classmethod
    def shown(cls) -> Progress:
        """On the standard error stream, so that results can be piped."""
        return cls(Console(stderr=True, highlight=False))

    def __enter__(self) -> Progress:
        if self._console and self._console.is_terminal:
            self._bar = rich_progress.Progress(
                rich_progress.BarColumn(bar_width=24),
                rich_progress.TaskProgressColumn(),
                rich_progress.TextColumn("{task.fields[left]}"),
                rich_progress.TextColumn("{task.description}", table_column=Column(no_wrap=True)),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("starting", total=1.0, left="")
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def heard(self, key: str, title: str, share: float) -> None:
        """A job is done to this share."""
        self._now = title
        self._shares[key] = share

    def show(self, walks: Sequence[Walk], ledger: Ledger, workers: int = 1) -> None:
        """Looks at the ledger now and then, and says how far everything is."""
        if self._console is None or time.monotonic() - self._looked < LOOK:
            return
        self._looked = time.monotonic()
        missing = {job.key: job for walk in walks for job in walk.missing()}
        known = {job.key: job for walk in walks for job in walk.found.jobs}
        for key, job in known.items():
            if key not in missing and (record := ledger.get(key)):
                self._pace.learn(job, record.provenance.get("seconds", 0.0))
        done = len(known) - len(missing)
        later = sum(walk.expected for walk in walks)
        left = self._left(list(missing.values()), later, workers)
        total = len(known) + later
        self._put(done / total, f"{done} of {total} jobs", left)

    def _left(self, missing: Sequence[Job], later: int, workers: int) -> str:
        seconds = self._pace.seconds(missing)
        if seconds is None:
            return ""
        under_way = [job for job in missing if job.key in self._shares]
        spent = sum(self._shares[j.key] * (self._pace.seconds([j]) or 0.0) for j in under_way)
        a_job = seconds / max(len(missing), 1)
        busy = min(workers, max(len(missing) + later, 1))
        return f"about {duration((seconds - spent + later * a_job) / busy)} left"

    def _put(self, fraction: float, count: str, left: str) -> None:
        said = ", ".join(part for part in (count, left) if part)
        if self._bar:
            self._bar.update(self._task, completed=fraction, description=self._now, left=said)
        elif self._console and time.monotonic() - self._spoke > EVERY:
            self._spoke = time.monotonic()
            line = f"{fraction:4.0%}  {said}  {self._now}"
            self._console.print(line, markup=False, soft_wrap=True)
