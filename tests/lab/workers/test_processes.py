"""Workers as processes: killed ones are replaced, and none outlives its parent."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.lab.toys import Toys

pytestmark = pytest.mark.once


@pytest.fixture
def toys(tmp_path) -> Toys:
    return Toys(tmp_path)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def slow(toys: Toys, seconds: float = 0.15) -> list[str]:
    given = ["--seconds", str(seconds), "--log", str(toys.log), "--out", str(toys.out)]
    return ["run", "gap", "--seeds", "6", "--workers", "2", *given]


def at_work(toys: Toys) -> list[int]:
    """The processes that have begun a job and not ended it."""
    lines = (
        [line.split() for line in toys.log.read_text().splitlines()] if toys.log.exists() else []
    )
    last = {int(pid): said for said, _, _, pid in lines}
    return [pid for pid, said in last.items() if said == "began" and is_alive(pid)]


def is_alive(pid: int) -> bool:
    """Not one that was killed and that its starter has not seen to yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_killed_workers_are_replaced_and_nothing_is_lost(toys):
    process = toys.start(*slow(toys))
    for _ in range(2):
        until(lambda: at_work(toys))
        os.kill(at_work(toys)[0], signal.SIGKILL)
        done = sum(toys.counted("ended").values())
        until(lambda done=done: sum(toys.counted("ended").values()) > done)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert err.count("was lost: killed by SIGKILL") == 2
    ended = toys.counted("ended")
    assert len(ended) == 18
    assert sum(ended.values()) - len(ended) <= 2
    records = [file.name for file in (toys.out / "records").glob("*.json")]
    assert sum(not name.startswith("experiment-") for name in records) == 18
    assert not list((toys.out / "leases").iterdir())


def test_workers_end_with_their_parent(toys):
    process = toys.start(*slow(toys, 0.5))
    until(lambda: at_work(toys))
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    # Within a second where nothing else runs; one that still imports notices later.
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []


def test_a_job_that_raises_is_said_with_its_last_words(toys):
    raises = "def noisy(mean, seed, seconds, log):\n    raise KeyError('no such thing')\n"
    toys.write("jobs", raises)
    code, _, err = toys.run("run", "gap", "--workers", "2", "--out", str(toys.out))
    assert code == 1
    assert "KeyError: 'no such thing'" in err
    assert "workers were lost; finished jobs are saved" in err
