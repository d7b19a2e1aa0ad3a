"""Ioffe & Szegedy 2015, Figures 2 and 3: steps to the plain network's accuracy.

Paper      "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
           Shift", arXiv 1502.03167, Section 4.2.2.
Claims     Batch normalization alone needs fewer steps than the plain network to reach its best
           accuracy; at 5 times the learning rate fewer than a third (the paper: a fourteenth);
           at 30 times it ends highest; it trains with sigmoids. The plain network diverges at 5
           times its learning rate and stays at chance with sigmoids.
Numbers    Millions of steps to 72.2 % and best accuracy on ImageNet: Inception 31.0, 72.2 %;
           BN-Baseline 13.3, 72.7 %; BN-x5 2.1, 73.0 %; BN-x30 2.7, 74.8 %; BN-x5-Sigmoid never,
           69.8 %.
Paper's    SGD with momentum, mini-batches of 32, exponential decay; x5, x30 and sigmoid without
set-up     dropout (else 40 %), with a fifth of the L2 weight and a decay 6 times faster.
Ours       Not in the paper, or not at its scale: a small Inception on digits (8x8 pixels) instead
           of ImageNet; momentum 0.9, L2 weight 1e-4, learning rate halved over the run; moving
           averages with momentum 0.9, because the runs are short. No photometric distortion, no
           shuffling within shards, no local response normalization in any arm. ioffe2015.imagenet
           is the comparison as published.
CIFAR-10   --scale gpu: the network of Figure 5 a quarter as wide at 32x32 pixels, with local
           response normalization in Inception and BN-Baseline; it has not been run, for no GPU was
           at hand. --scale cifar10: what two CPU cores can do of it, every tenth image (5,000, and
           1,000 to test on), a sixteenth as wide, 240 steps of 32 images, not two epochs. No
           network is near its end there, and a test image is a tenth of a point: it says who is
           faster at the start, and nothing of where a network ends.
Rate       The plain arm's learning rate is found by a sweep, on the seeds of the comparison: the
           highest best accuracy (median over seeds); of rates within half a point of it the one
           with the highest accuracy averaged over the run. The other rates are its multiples.
Choices    Depth, steps and this rule were chosen after trial runs, so they are no independent
           test. With a block less and 300 steps, BN-x5 was 1.9 times faster and BN-x30 failed;
           with the average alone as the rule, the rate is 0.1 instead of 0.03, BN-x5 was 3.8
           times faster and BN-x30 ended 2.5 points below it.
Target     For each seed the best test accuracy of that seed's plain run; its own step count is
           when it first got there. In runs this short the plain network is still rising at the
           end, so its best is that of the step budget. Arms of one seed share the order of the
           examples.
Found      At five times its best rate the plain network ends lower, but does not diverge: its best
           rate is far below the largest that it bears, of which ioffe2015.divergence asks the same.
           cifar10: 30 times the rate, 0.9, is too much for 240 steps: a seed of three stays near
           chance. Sigmoids end highest there, as they do not in the paper.
Cost       quick: 27 runs, 1 CPU minute with TensorFlow; the defaults: 60 runs, 5 to 8 CPU
           minutes (TF_NUM_INTRAOP_THREADS=1 halves them on digits); cifar10: 27 runs, 20 to 30 CPU
           minutes.
Command    python -m benchmarks run ioffe2015.convergence --out results
           python -m benchmarks run ioffe2015.convergence --scale cifar10 --data-dir
           ~/tensorflow_datasets --out results-cifar10
           KERAS_BACKEND=jax python -m benchmarks run ioffe2015.convergence --scale gpu --data-dir
           ~/tensorflow_datasets --out results-gpu
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import optuna

from benchmarks.ioffe2015.arms import ARMS, CONTROLS, PLAIN, Arm
from benchmarks.ioffe2015.measures import Comparison, best_rate
from benchmarks.ioffe2015.page import contents
from benchmarks.ioffe2015.settings import SLIM, ArmSettings
from benchmarks.ioffe2015.settings import add_options as add_arm_options
from keras_norms.lab.frame import provenance_line
from keras_norms.lab.progress import Progress
from keras_norms.lab.progress import effort as effort_of
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Outcome
from keras_norms.lab.trials import finished, run_trials

# What two CPU cores can do of it on CIFAR-10 in minutes: a sixteenth as wide, and few steps.
SHORT = {"data": "tenth:cifar10", "width": 4, "batch": 32, "steps": 240, "evaluate_every": 20}
SCALES = {
    "gpu": {**SLIM, "rates": (0.003, 0.01, 0.03, 0.1)},
    "cifar10": {**SLIM, **SHORT, "rates": (0.01, 0.03, 0.1)},
}


@dataclass(frozen=True, kw_only=True)
class Settings(ArmSettings):
    """What the comparison is run on."""

    rates: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        for rate in self.rates:
            self.runs(PLAIN, rate)  # checks them before the first one is trained

    @property
    def study(self) -> str:
        return f"ioffe2015-{self.data.replace(':', '-')}"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_arm_options(parser)
    parser.add_argument(
        "--rates", type=float, nargs="+", metavar="RATE", help="learning rates of the plain sweep"
    )


def effort(settings: Settings) -> float:
    return sum(name_effort for _, name_effort in _stages(settings))


def _stages(settings: Settings) -> list[tuple[Arm | None, float]]:
    """The sweep, then each arm but the plain one, with their efforts."""
    one = sum(effort_of(run) for run in settings.runs(PLAIN, settings.rates[0]))
    others = [arm for arm in (*ARMS, *CONTROLS) if arm is not PLAIN]
    return [(None, one * len(settings.rates)), *((arm, one) for arm in others)]


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Trains what is missing: the plain arm at every rate, then the others at multiples of one."""
    progress = progress or Progress.silent()
    rate = settings.rates[0]
    for arm, cost in _stages(settings):
        name = f"ioffe2015, {'Inception (sweep)' if arm is None else arm.name}"
        with progress.stage(name, cost):
            if arm is None:
                runs = [run for rate in settings.rates for run in settings.runs(PLAIN, rate)]
                rate = best_rate(run_trials(study, runs, data_dir=data_dir, progress=progress))
            else:
                run_trials(study, settings.runs(arm, rate), data_dir=data_dir, progress=progress)


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The comparison's part of the report, from what is finished."""
    done = finished(study)

    def found(arm: Arm, rate: float) -> list[Outcome]:
        outcomes = [done[run.key] for run in settings.runs(arm, rate) if run.key in done]
        return outcomes if len(outcomes) == settings.seeds else []

    sweep = {rate: found(PLAIN, rate) for rate in settings.rates}
    if not all(sweep.values()):
        return Section(
            "Ioffe & Szegedy 2015, Figure 3", ["The sweep of the plain arm is not done."]
        )
    rate = best_rate([outcome for outcomes in sweep.values() for outcome in outcomes])
    arms = {arm: found(arm, rate) for arm in (*ARMS, *CONTROLS)}
    slim = settings.model == "bn_inception"
    network = f"BN-Inception of width {settings.width}" if slim else "small Inception"
    keys = {o.run.key for outcomes in (*sweep.values(), *arms.values()) for o in outcomes}
    return Section(
        title=f"Ioffe & Szegedy 2015, Figures 2 and 3 ({network}, {settings.data})",
        card=__doc__ or "",
        provenance=f"{provenance_line(study, keys)}; {settings.steps} steps a run",
        **contents(Comparison(settings.study, sweep, rate, arms), folder),
    )
