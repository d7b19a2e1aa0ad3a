"""What is running and how long it will take: a bar on a terminal, a line now and then elsewhere.

Work is counted in effort, a rough price in which runs of different models add up; only the ratio
of what is done to what is left matters.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress as rich_progress
from rich.console import Console
from rich.table import Column

from keras_norms.lab.training import Run

PRICE = {"mlp": 1.0, "plain": 12.0, "resnet": 12.0, "inception": 40.0}  # a layer's step, roughly
EVERY = 10.0  # seconds between two plain lines


def effort(run: Run) -> float:
    """About how much a run costs, in steps of one layer of an MLP."""
    return run.steps * (run.depth + 2) * PRICE.get(run.model, 10.0)


class Progress:
    """Counts finished effort and shows it; a context manager, entered once.

    Args:
        console: where to show; None shows nothing.
    """

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self._total = 0.0
        self._done = 0.0  # of finished stages
        self._stage, self._stage_total = "", 0.0
        self._stage_done: dict[str, float] = {}  # by the run's key
        self._trained = 0.0  # effort that took time, unlike runs that were read back
        self._start = self._spoke = time.monotonic()
        self._bar: rich_progress.Progress | None = None

    @classmethod
    def shown(cls) -> Progress:
        """On the standard error stream, so that results can be piped."""
        return cls(Console(stderr=True, highlight=False))

    @classmethod
    def silent(cls) -> Progress:
        return cls(None)

    def __enter__(self) -> Progress:
        if self._console and self._console.is_terminal:
            self._bar = rich_progress.Progress(
                rich_progress.BarColumn(bar_width=24),
                rich_progress.TaskProgressColumn(),
                rich_progress.TextColumn(
                    "{task.fields[left]}  {task.description}",
                    table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
                ),
                console=self._console,
                transient=True,
                expand=True,
            )
            self._task = self._bar.add_task("starting", total=1.0, left="")
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar:
            self._bar.stop()

    def expect(self, effort: float) -> None:
        """Announces a stage to come, so that the time left counts it from the start."""
        self._total += effort

    @contextmanager
    def stage(self, name: str, effort: float) -> Iterator[None]:
        """Runs a stage of at most `effort`, which was announced.

        A stage that needs less counts as the whole, and in proportion as trained: stages like it
        to come will need less too.
        """
        self._stage, self._stage_total, self._stage_done = name, effort, {}
        before = self._trained
        self._show("", speak=self._total == self._done or self._spoke == self._start)
        yield
        if spent := sum(self._stage_done.values()):
            self._trained += (self._trained - before) * max(0.0, effort / spent - 1)
        self._done += effort
        self._stage_done = {}
        self._show("", speak=False)

    def running(self, run: Run, step: int) -> None:
        """`run` has done `step` steps."""
        self._advance(run, effort(run) * step / run.steps, trained=True)
        self._show(f"learning rate {run.learning_rate:.3g}, seed {run.seed}, step {step}")

    def finished(self, run: Run, *, trained: bool) -> None:
        """`run` is finished, by training or because it was read back."""
        self._advance(run, effort(run), trained=trained)
        self._show(f"learning rate {run.learning_rate:.3g}, seed {run.seed}")

    def spent(self, effort: float) -> None:
        """Work of the stage that is no run has taken its time."""
        self._stage_done[""] = self._stage_done.get("", 0.0) + effort
        self._trained += effort
        self._show("")

    def _advance(self, run: Run, to: float, *, trained: bool) -> None:
        gain = to - self._stage_done.get(run.key, 0.0)
        self._stage_done[run.key] = to
        if trained:
            self._trained += gain

    def _fraction_and_left(self) -> tuple[float, str]:
        done = self._done + min(sum(self._stage_done.values()), self._stage_total)
        if not self._total:
            return 0.0, ""
        if not self._trained:
            return done / self._total, ""
        elapsed = time.monotonic() - self._start
        seconds = round((self._total - done) * elapsed / self._trained)
        return done / self._total, f"{seconds // 60}:{seconds % 60:02d} left"

    def _show(self, detail: str, *, speak: bool = False) -> None:
        text = ": ".join(part for part in (self._stage, detail) if part)
        self.put(*self._fraction_and_left(), text, speak=speak)

    def put(self, fraction: float, left: str, text: str, *, speak: bool = False) -> None:
        """Shows how far the whole is, here or as another process has counted it."""
        if self._console is None:
            return
        if self._bar:
            self._bar.update(self._task, completed=fraction, description=text, left=left)
        elif speak or time.monotonic() - self._spoke > EVERY:
            self._spoke = time.monotonic()
            self._console.print(
                f"{fraction:4.0%}  {left:>10}  {text}", markup=False, soft_wrap=True
            )
