"""Workers that do empty jobs on one ledger at once, each a process that imports no framework.

`python -m benchmarks.ledger.crew` is told by JSON on its standard input what to do, and says on its
standard output what it found: so no list of processes shows a password.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy

from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.ledger.table import RECORDS

LOOK = 2.0  # seconds between two looks at what others have finished, as `execution.work` has it
WAIT = 0.5
# What Python tells of calls that touch files; it says nothing of `stat`.
FILES = {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.utime"}
FILES |= {"os.listdir", "os.scandir"}
Pipe = tuple[int, int]


def filled(storage: str, prefix: str, count: int) -> None:
    """Puts so many finished jobs into the storage."""
    records = (Record(f"{prefix}{n}", {"n": n}, n) for n in range(count))
    if "://" not in storage:
        ledger = Ledger.open(storage)
        for record in records:
            ledger.put(record, durable=False)
        return
    Ledger.open(storage)  # makes the tables
    rows = [{"key": record.key, "text": record.text()} for record in records]
    with sqlalchemy.create_engine(storage).begin() as connection:
        connection.execute(sqlalchemy.insert(RECORDS), rows)


def done(storage: str, keys: Sequence[str], workers: int) -> dict[str, Any]:
    """Has the jobs done by so many processes, and reads them back.

    Keys: "seconds" from the common start to the last end, "cpu" seconds of all workers, "calls" (of
    files or SQL), "tries" (claims), the CPU seconds of a "look", "lost" and "doubled" jobs.
    """
    ready, start = os.pipe(), os.pipe()
    crew = [_forked(storage, keys, number, ready, start) for number in range(workers)]
    os.close(ready[1])
    for _ in crew:
        os.read(ready[0], 1)
    os.close(start[0])
    began = time.monotonic()
    os.close(start[1])
    told = [json.loads(_whole(answer)) for answer in crew]
    seconds = time.monotonic() - began
    os.close(ready[0])
    for _ in crew:
        os.wait()
    ledger = Ledger.open(storage)
    found = {key: ledger.get(key) for key in keys}
    lost = sum(record is None or record.outcome != key for key, record in found.items())
    did = sum(one["did"] for one in told)
    total = {name: sum(one[name] for one in told) for name in ("cpu", "calls", "tries")}
    counts = {"lost": lost, "doubled": did + lost - len(keys)}
    return {"seconds": seconds, **total, "look": min(one["look"] for one in told), **counts}


def _forked(storage: str, keys: Sequence[str], number: int, ready: Pipe, start: Pipe) -> int:
    """Where the new worker will write what it has done."""
    answer, say = os.pipe()
    if os.fork():
        os.close(say)
        return answer
    code = 1
    with contextlib.suppress(BaseException):
        os.close(start[1])  # whose end is the sign to start
        work = Work(Ledger.open(storage), random.Random(number))
        os.write(ready[1], b"r")
        os.read(start[0], 1)
        with os.fdopen(say, "w") as out:
            json.dump(work.all_of(keys), out)
        code = 0
    os._exit(code)


def _whole(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


class Work:
    """A worker's life, in the calls that `keras_norms.lab.execution.work` makes."""

    def __init__(self, ledger: Ledger, rng: random.Random) -> None:
        self._ledger, self._rng, self._did, self._tries = ledger, rng, 0, 0

    def all_of(self, keys: Sequence[str]) -> dict[str, float]:
        began = time.process_time()
        with counting() as calls:
            while wanted := [key for key in keys if key not in self._ledger]:
                if not self._pass(wanted):
                    time.sleep(self._rng.uniform(0, WAIT))
                self._ledger.glance()
        cpu = time.process_time() - began
        began = time.process_time()
        self._ledger.look()
        look = time.process_time() - began
        return {
            "did": self._did,
            "tries": self._tries,
            "cpu": cpu,
            "calls": len(calls),
            "look": look,
        }

    def _pass(self, wanted: list[str]) -> bool:
        held, took, looked = self._ledger.under_way(), False, time.monotonic()
        for key in self._rng.sample(wanted, len(wanted)):
            if key in held:
                continue
            self._tries += 1
            if not (lease := self._ledger.take(key, [key])):
                continue
            with lease:
                self._ledger.put(Record(key, {}, key), durable=False)
            self._did, took = self._did + 1, True
            if time.monotonic() - looked > LOOK:
                break
        return took


@contextlib.contextmanager
def counting() -> Iterator[list[str]]:
    """What touches files, or goes to a database, while it lasts."""
    calls: list[str] = []
    counted = True

    def hear(event: str, _: Any) -> None:
        if counted and event in FILES:
            calls.append(event)

    sys.addaudithook(hear)  # for as long as the process lives
    for event in ("before_cursor_execute", "commit"):
        sqlalchemy.event.listen(sqlalchemy.Engine, event, lambda *_: calls.append("sql"))
    try:
        yield calls
    finally:
        counted = False


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(globals()[given.pop("do")](**given)))
