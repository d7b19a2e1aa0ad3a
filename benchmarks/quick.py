"""The main job: the comparison and a small frontier on digits, in a few minutes on two cores."""

from __future__ import annotations

import os

from benchmarks.ioffe2015 import convergence
from studies import frontier

ABOUT = "the main job: a comparison and a small frontier on digits, about 2 minutes on 2 cores"


def plan() -> list:
    """The experiments with their settings: the same as in full, with fewer runs and steps.

    They run on one thread of TensorFlow each operation: on networks this small handing work to a
    second thread doubled both the CPU time and the time on the clock.
    """
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(threads, "1")  # read at the first operation
    return [
        (convergence, convergence.Settings(seeds=3, steps=400, rates=(0.01, 0.03, 0.1))),
        (frontier, frontier.Settings(quick=True, seeds=3, steps=150, low=1e-3)),
    ]
