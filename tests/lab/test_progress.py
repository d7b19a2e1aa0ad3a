from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from keras_norms.lab import progress as module
from keras_norms.lab.progress import Progress, effort
from tests.lab.pretending import run

pytestmark = pytest.mark.once


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves on by hand, ten seconds before each look."""

    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            self.now += 10.0
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "EVERY", 0.0)
    return clock


def lines_of(width: int = 80, terminal: bool = False):
    stream = io.StringIO()
    return stream, Progress(Console(file=stream, width=width, force_terminal=terminal))


def test_plain_lines_say_what_runs_and_how_long_it_takes(clock):
    stream, progress = lines_of()
    runs = [run(seed=seed) for seed in range(4)]
    with progress:
        progress.expect(4 * effort(runs[0]))
        with progress.stage("a stage", 4 * effort(runs[0])):
            progress.running(runs[0], 10)
            progress.finished(runs[0], trained=True)
    lines = stream.getvalue().splitlines()
    assert lines[0].strip().startswith("0%")
    assert "a stage: learning rate 0.1, seed 0, step 10" in lines[1]
    assert " 12%" in lines[1]
    assert any(" 25%" in line and "left" in line for line in lines)


def test_time_left_counts_only_what_was_trained(clock):
    """A quarter read back in no time, a quarter trained: as long again for the half left."""
    stream, progress = lines_of()
    runs = [run(seed=seed) for seed in range(4)]
    with progress:
        progress.expect(4 * effort(runs[0]))
        with progress.stage("s", 4 * effort(runs[0])):
            progress.finished(runs[0], trained=False)
            clock.now = 90.0
            progress.finished(runs[1], trained=True)
    # Begun at the first look, at 10, and asked at 100.
    assert any("50%" in line and " 3:00 left" in line for line in stream.getvalue().splitlines())


def test_a_stage_that_needs_less_counts_as_the_whole(clock):
    stream, progress = lines_of()
    with progress:
        progress.expect(200.0)
        with progress.stage("short", 100.0):
            pass
        with progress.stage("next", 100.0):
            progress.running(run(), 0)
    assert " 50%" in stream.getvalue()


def test_time_left_expects_of_later_stages_what_earlier_ones_needed(clock):
    """A stage that took half of its most and 200 seconds: the next like it takes 200 again."""
    stream, progress = lines_of()
    most = 2 * effort(run())
    with progress:
        progress.expect(2 * most)
        with progress.stage("first", most):
            progress.finished(run(), trained=True)
        clock.now = 200.0
        with progress.stage("next", most):
            progress.running(run(), 0)
    assert any("next" in line and " 3:20 left" in line for line in stream.getvalue().splitlines())


def test_a_terminal_gets_a_bar():
    stream, progress = lines_of(terminal=True)
    with progress:
        progress.expect(effort(run()))
        with progress.stage("a stage", effort(run())):
            progress.finished(run(), trained=True)
    assert "━" in stream.getvalue()
    assert "a stage" in stream.getvalue()


def test_a_narrow_terminal_keeps_its_one_line():
    stream, progress = lines_of(width=50, terminal=True)
    with progress:
        progress.expect(effort(run()))
        with progress.stage("a stage with a long name", effort(run())):
            progress.finished(run(), trained=True)
            progress._bar.refresh()
            lines = [re.sub(r"\x1b\[[\d;?]*\w", "", line) for line in stream.getvalue().split("\r")]
    assert any("…" in line for line in lines)
    assert not any("\n" in line.strip() for line in lines)


def test_silence_says_nothing(capfd):
    with Progress.silent() as progress, progress.stage("a stage", 1.0):
        progress.running(run(), 1)
    assert capfd.readouterr() == ("", "")


def test_work_that_is_no_run_tells_the_time_left_too(clock):
    stream, progress = lines_of()
    with progress:
        progress.expect(4.0)
        for name in ("read back", "measured"):
            with progress.stage(name, 1.0):
                if name == "measured":
                    progress.spent(1.0)
    assert re.search(r" 50% +\d+:\d\d left  measured", stream.getvalue())
