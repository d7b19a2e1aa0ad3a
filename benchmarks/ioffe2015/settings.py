"""What the experiments on the networks of Section 4.2.2 have in common."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

import keras

from benchmarks.ioffe2015.arms import Arm
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Run

DROPOUT, L2, MOMENTUM = 0.4, 1e-4, 0.9
DECAY, DECAY_FASTER, L2_SMALLER = 0.5, 6, 5

# The Inception of Figure 5, a quarter as wide, on CIFAR-10.
SLIM = {
    "data": "cifar10",
    "model": "bn_inception",
    "depth": 10,
    "width": 16,
    "batch": 64,
    "steps": 8000,
    "evaluate_every": 250,
    "seeds": 3,
}


@dataclass(frozen=True, kw_only=True)
class ArmSettings:
    """What an arm is run on: a network, its data, and how long."""

    data: str = "digits"
    model: str = "inception"
    depth: int = 3
    width: int = 8
    seeds: int = 5
    steps: int = 600
    batch: int = 32
    evaluate_every: int = 10
    backend: str = field(default_factory=keras.config.backend)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadInput(f"seeds={self.seeds} gives nothing to run; write 1 or more")

    def runs(self, arm: Arm, rate: float) -> list[Run]:
        """One run a seed of `arm`, where the plain arm's learning rate is `rate`."""
        every = self.steps / (DECAY_FASTER if arm.accelerated else 1)
        # Local response normalization stays in the arms that are as the original Inception was.
        as_it_was = self.model == "bn_inception" and not arm.accelerated
        return [
            Run(
                data=self.data,
                model="bn_inception_lrn" if as_it_was else self.model,
                depth=self.depth,
                width=self.width,
                normalizer=arm.normalizer,
                activation=arm.activation,
                dropout=0.0 if arm.accelerated else DROPOUT,
                momentum=MOMENTUM,
                l2=L2 / (L2_SMALLER if arm.accelerated else 1),
                batch=self.batch,
                steps=self.steps,
                evaluate_every=self.evaluate_every,
                learning_rate=rate * arm.times,
                schedule=f"exponential:decay={DECAY},every={every:g}",
                seed=seed,
                backend=self.backend,
            )
            for seed in range(self.seeds)
        ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """One for each of these settings that all experiments do not have anyway."""
    parser.add_argument("--model", metavar="NAME", help="inception, or bn_inception (depth 10)")
    parser.add_argument("--depth", type=int, metavar="N", help="Inception blocks")
    parser.add_argument("--width", type=int, metavar="N", help="filters of a branch")
    parser.add_argument("--evaluate-every", type=int, metavar="N", help="steps between test points")
