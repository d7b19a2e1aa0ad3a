"""A process that is killed in the middle of a run, and another that resumes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from keras_norms.lab.training import Run, checkpoint, train
from keras_norms.lab.training.checkpoint import kept_in

STEPS, ENOUGH, STUCK = 300, 100, 150
CHILD = f"""
import json, sys, time
from keras_norms.lab.training import Run, checkpoint, train

checkpoint.LARGEST_SHARE = float("inf")

def stuck(run, step):  # it must not be finished before it is killed
    if step >= {STUCK}:
        time.sleep(600)

folder, run = sys.argv[1], Run.from_dict(json.loads(sys.argv[2]))
with checkpoint.kept_in(folder, every=0):
    list(train([run], on_step=stuck))
"""


def steps_kept(path: Path) -> int:
    if not path.exists():
        return 0
    with np.load(path) as file:
        return len(file["losses"])


def test_kill_and_resume_to_the_same_curve(tmp_path: Path):
    """Convolutions, batch normalization, dropout, momentum, crops: everything that has a state."""
    run = Run(
        model="inception:depth=1,width=4,dropout=0.4", normalizer="batch", seed=3,
        optimizer="sgd:momentum=0.9,l2=1e-4", schedule="exponential:decay=0.5,every=100",
        data="digits:flip=true,crop=1", batch=32, steps=STEPS, evaluate_every=40,
        learning_rate=0.05,
    )  # fmt: skip
    path = tmp_path / f"{run.key}.npz"
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

    steps: list[int] = []
    with kept_in(tmp_path, every=0):
        (resumed,) = train([run], on_step=lambda _, step: steps.append(step))
        assert steps[0] > kept
        assert resumed.curve == uninterrupted.curve
        assert resumed == uninterrupted
        assert resumed.cost.compile_seconds > 0  # of the child, for here it was compiled before
        checkpoint.remove(run)
    assert not path.exists()
