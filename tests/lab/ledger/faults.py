"""Workers of empty jobs that are forked and killed, and the table of what survived."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keras_norms.lab.ledger import Ledger, Record

LIMIT = 120.0


def value(n: int) -> float:
    """What job `n` finds."""
    return n / 7


@dataclass
class Jobs:
    """Empty jobs on a storage, done by forked workers that log what they do.

    Attributes:
        storage: folder or URL.
        log: a line when a job begins and one when it is recorded.
        count: how many jobs there are.
        seconds: that one takes.
    """

    storage: str
    log: Path
    count: int
    seconds: float = 0.002
    workers: list[int] = field(default_factory=list)

    def keys(self) -> list[str]:
        return [f"job{n}" for n in range(self.count)]

    def work(self) -> None:
        """A worker's whole life."""
        ledger = Ledger.open(self.storage)
        while missing := [n for n in range(self.count) if f"job{n}" not in ledger]:
            held, took = ledger.under_way(), False
            for n in random.Random(os.getpid()).sample(missing, len(missing)):
                key = f"job{n}"
                if key in held or not (lease := ledger.take(key, [key])):
                    continue
                with lease:
                    self._say("began", n)
                    time.sleep(self.seconds)
                    ledger.put(Record(key, {"n": n}, {"value": value(n)}), durable=False)
                    self._say("ended", n)
                took = True
            if not took:
                time.sleep(0.01)
            ledger.look()

    def start(self) -> int:
        """Forks a worker; its process number."""
        pid = os.fork()
        if pid:
            self.workers.append(pid)
            return pid
        code = 1
        with contextlib.suppress(BaseException):
            warnings.simplefilter("ignore")
            self.work()
            code = 0
        os._exit(code)

    def kill(self, rng: random.Random) -> bool:
        """Kills a worker that is at work; whether there was one."""
        self.workers = [pid for pid in self.workers if not self._ended(pid)]
        if not self.workers:
            return False
        pid = self.workers.pop(rng.randrange(len(self.workers)))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return True

    def wait(self) -> None:
        end = time.monotonic() + LIMIT
        for pid in self.workers:
            while not self._ended(pid):
                assert time.monotonic() < end, "a worker hangs"
                time.sleep(0.01)

    def _ended(self, pid: int) -> bool:
        try:
            return os.waitpid(pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True

    def _say(self, what: str, n: int) -> None:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{what} {n}\n".encode())
        os.close(descriptor)

    def counted(self, what: str) -> Counter:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return Counter(int(n) for said, n in map(str.split, lines) if said == what)

    def report(self, fault: str, tried: int) -> None:
        """Prints a row of the table; nothing may be lost or wrong."""
        ledger = Ledger.open(self.storage)
        found = {key: ledger.get(key) for key in self.keys()}
        lost = sum(record is None for record in found.values())
        wrong = sum(
            record is not None and record.outcome != {"value": value(n)}
            for n, record in enumerate(found.values())
        )
        twice = sum(self.counted("ended").values()) - len(self.counted("ended"))
        print(f"\n{fault}: tried {tried}, lost {lost}, done twice {twice}, wrong {wrong}")
        assert (lost, wrong) == (0, 0)
        assert len(ledger) == self.count, "none is counted twice"


@contextlib.contextmanager
def crew(jobs: Jobs, size: int) -> Iterator[Jobs]:
    """Some workers; none is left at the end."""
    for _ in range(size):
        jobs.start()
    try:
        yield jobs
    finally:
        for pid in jobs.workers:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
