"""A cell in a process of its own, whose memory and threads end with it.

    python -m benchmarks.surgery.process '{"name": "MobileNet", "backend": "tensorflow"}'

prints the cell's result as JSON, on the last line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import keras

from benchmarks.surgery import predict
from benchmarks.surgery.architectures import built
from benchmarks.surgery.cells import APPLICATION, Cell
from benchmarks.surgery.checks import examine

NICE = 5


class Ended(Exception):
    """The process of a cell ended without a result."""


def apart(cell: Cell) -> Any:
    """The result of a cell, by a new process.

    Raises:
        Ended: by a signal (the system's, where memory ran out), or by an error.
    """
    environment = {**os.environ, "KERAS_BACKEND": cell.backend}
    if cell.threads:
        environment |= {name: str(cell.threads) for name in predict.THREADS}
    command = [sys.executable, "-m", __name__, json.dumps(cell.as_dict())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "nothing was said").splitlines()[-1]
        raise Ended(f"exit status {done.returncode}: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def result(cell: Cell) -> Any:
    """The result of a cell, by this process."""
    if cell.kind == APPLICATION:
        return list(examine(lambda: built(cell.name)))
    return predict.measure(cell)


if __name__ == "__main__":
    os.nice(NICE)
    keras.utils.disable_interactive_logging()
    print("\n" + json.dumps(result(Cell(**json.loads(sys.argv[1])))))
