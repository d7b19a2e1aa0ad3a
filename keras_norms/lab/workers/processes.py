"""Workers as processes of this machine.

A worker gets its task on its standard input, so that no list of processes shows a password, and
ends as soon as that input does: it never outlives the process that started it. Its messages are
lines of JSON on its standard output. `python -m keras_norms.lab.workers.processes` is a worker.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading

from keras_norms.lab.provenance import cores
from keras_norms.lab.workers.protocol import Message, live
from keras_norms.lab.workers.task import Task, environment

TAIL = 12  # lines of a crashed worker's last words


class Process:
    """A worker process; a `Member`."""

    def __init__(self, task: Task, name: str, variables: dict[str, str]) -> None:
        self.name = name
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables},
            start_new_session=True,  # Ctrl-C is for the process that was started
        )
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with contextlib.suppress(BrokenPipeError):  # it died at once, as `lost` will tell
            pickle.dump(task, self._process.stdin)
            self._process.stdin.flush()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._messages.put(Message(**json.loads(line)))

    def messages(self) -> list[Message]:
        found = []
        while not self._messages.empty():
            found.append(self._messages.get())
        return found

    def lost(self) -> str | None:
        code = self._process.poll()
        if not code:
            return None
        self._reader.join()  # its last messages are in
        self._words.seek(0)
        said = self._words.read().decode(errors="replace").strip().splitlines()[-TAIL:]
        return "\n".join([f"killed by {_signal(-code)}" if code < 0 else "it crashed", *said])

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._words.close()


def launch(task: Task, workers: int) -> list[Process]:
    variables = environment(workers, cores())
    return [Process(task, f"worker {k + 1}", variables) for k in range(workers)]


def _signal(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _die_with_starter() -> None:
    # Not through sys.stdin, whose lock must be free when Python ends.
    while os.read(0, 1):
        pass
    os._exit(1)


def main() -> None:
    task = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_die_with_starter, daemon=True).start()
    # Whatever else writes to the standard output, as backends do, writes to stderr instead.
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    lock = threading.Lock()

    def send(message: Message) -> None:
        with lock:  # a lease warns from its own thread
            print(json.dumps(dataclasses.asdict(message)), file=out)

    live(task, send)


if __name__ == "__main__":
    main()
