"""A storage of so many finished jobs, and crews that do empty jobs on it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.ledger.postgres import binaries, running, version
from keras_norms.lab.errors import BadInput
from keras_norms.lab.provenance import processor

MEMORY = Path("/dev/shm")  # a disk that others use would be what is measured
Cpu = Callable[[], float]


def jobs(
    *,
    store: str,
    finished: int,
    workers: Sequence[int],
    jobs: int,
    rounds: int,
    machine: str,
    server: str,
) -> list[dict[str, Any]]:
    """A row each crew and round, as `crew.done` has them, with the CPU seconds of the "server".

    Raises:
        BadInput: another machine or server is asked for than this.
    """
    if machine != processor():
        raise BadInput(f"machine={machine!r} is not this one, {processor()!r}: leave it out")
    if server != version():
        raise BadInput(f"server={server!r} is not what is here, {version()!r}: leave it out")
    rows = []
    with opened(store) as (storage, cpu):
        asked("filled", storage=storage, prefix="finished", count=finished)
        for turn in range(rounds):
            for crew in workers:
                keys = [f"round{turn}-crew{crew}-{n}" for n in range(jobs)]
                before = cpu()
                row = asked("done", storage=storage, keys=keys, workers=crew)
                rows.append({"workers": crew, "round": turn, **row, "server": cpu() - before})
    return rows


@contextlib.contextmanager
def opened(store: str) -> Iterator[tuple[str, Cpu]]:
    """An empty storage, in memory where files can lie there, and what its server has used."""
    if store == "PostgreSQL":
        with running(binaries()) as server:
            yield server.url(), server.cpu
        return
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        where = {"folder": f"{folder}/records", "SQLite": f"sqlite:///{folder}/records.db"}
        yield where[store], lambda: 0.0


def asked(do: str, **given: Any) -> Any:
    """What a process of its own answers, which has imported nothing but the ledger."""
    crew = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ledger.crew"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    try:
        answer, words = crew.communicate(json.dumps({"do": do, **given}))
    except BaseException:  # its workers are its own, and nobody else would end them
        os.killpg(crew.pid, signal.SIGKILL)
        crew.wait()
        raise
    if crew.returncode:
        raise RuntimeError(f"the crew ended with {crew.returncode}: {words[-500:]}")
    return json.loads(answer)
