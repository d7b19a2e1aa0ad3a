"""The main job: the comparison and a small frontier on digits, in a few minutes on two cores."""

from __future__ import annotations

import os
from collections.abc import Sequence

from keras_norms.lab.experiment import Experiment

ABOUT = "the main job: a comparison and a small frontier on digits, a few minutes on 2 cores"


def plan() -> Sequence[Experiment]:
    """The experiments with their options: the same as in full, with fewer runs and steps.

    Each operation has one thread of TensorFlow: on networks this small handing work to a second
    one doubled both the CPU time and the time on the clock.
    """
    from benchmarks.ioffe2015.figure2_convergence import Convergence
    from studies.frontier import Frontier

    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(threads, "1")  # read at the first operation
    return [
        Convergence(seeds=3, steps=400, rates=(0.01, 0.03, 0.1)),
        Frontier.at("quick"),
    ]
