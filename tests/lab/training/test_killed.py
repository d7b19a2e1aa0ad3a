"""A process that is killed in the middle of a run, and another that goes on with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from optuna.trial import TrialState

from keras_norms.lab.progress import Progress
from keras_norms.lab.training import Run, train
from keras_norms.lab.training.checkpoint import kept_in
from keras_norms.lab.trials import open_study, run_trials

STEPS, ENOUGH, STUCK = 300, 100, 150
CHILD = f"""
import json, sys, time
from keras_norms.lab.progress import Progress
from keras_norms.lab.training import Run, checkpoint
from keras_norms.lab.trials import open_study, run_trials

checkpoint.LARGEST_SHARE = float("inf")

class Stuck(Progress):  # it must not be finished before it is killed
    def running(self, run, step):
        if step >= {STUCK}:
            time.sleep(600)

folder, run = sys.argv[1], Run.from_dict(json.loads(sys.argv[2]))
with checkpoint.kept_in(folder + "/checkpoints", every=0):
    run_trials(open_study("a", folder + "/trials.log"), [run], progress=Stuck(None))
"""


class Told(Progress):
    def __init__(self) -> None:
        super().__init__(None)
        self.steps: list[int] = []

    def running(self, run: Run, step: int) -> None:
        self.steps.append(step)


def steps_kept(path: Path) -> int:
    if not path.exists():
        return 0
    with np.load(path) as file:
        return len(file["losses"])


def test_kill_and_go_on_to_the_same_curve(tmp_path: Path):
    """Convolutions, batch normalization, dropout, momentum: everything that has a state."""
    run = Run(
        model="inception", depth=1, width=4, normalizer="batch", dropout=0.4, momentum=0.9,
        l2=1e-4, schedule="exponential:decay=0.5,every=100", batch=32, steps=STEPS,
        evaluate_every=40, learning_rate=0.05, seed=3,
    )  # fmt: skip
    path = tmp_path / "checkpoints" / f"{run.key}.npz"
    environment = os.environ | {"KERAS_BACKEND": run.backend}
    command = [sys.executable, "-c", CHILD, str(tmp_path), json.dumps(run.as_dict())]
    child = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        (uninterrupted,) = train([run])
        while steps_kept(path) < ENOUGH:
            assert child.poll() is None, child.stderr.read()
            time.sleep(0.1)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert ENOUGH <= (kept := steps_kept(path)) <= STUCK + 50

    study, told = open_study("a", tmp_path / "trials.log"), Told()
    with kept_in(path.parent, every=0):
        (resumed,) = run_trials(study, [run], progress=told)
    assert told.steps[0] > kept
    assert resumed.curve == uninterrupted.curve
    assert resumed == uninterrupted
    assert resumed.cost.compile_seconds > 0  # of the child, for here it was compiled before
    assert [t.state for t in study.get_trials()] == [TrialState.FAIL, TrialState.COMPLETE]
    assert not path.exists()
