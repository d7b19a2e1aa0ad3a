"""What a GPU alone can decide, in order of worth: `python -m benchmarks gpu --minutes 12`.

No GPU has run it. On JAX unless `KERAS_BACKEND` names another; TensorFlow is not imported. CIFAR-10
is read from the arrays that a machine with TensorFlow has decoded (`~/.cache/keras_norms`, or
`KERAS_NORMS_CACHE`).

Memory is what a process on a CPU held: of the layers at full size; of the networks in the first two
and a half minutes of CPU of one step at full size, which was not awaited. Minutes are arithmetic:
operations forward and backward at ten TFLOP/s, at least two milliseconds a step and a minute a
program to compile, of every run that is planned at most. What was measured is said beside both.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.pieces import Piece

ABOUT = "what a GPU alone can decide, piece by piece, as far as the minutes reach"
MINUTES, SCALE = 12.0, "gpu"
DEPTHS = (20, 32, 56, 110)


def plan() -> Sequence[Piece]:
    """What is cheap for what it decides comes first."""
    os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or "jax"
    return [
        Piece("layers", _layers, minutes=4, gib=1),
        Piece("comparison", _comparison, minutes=25, gib=4),
        Piece("largest-rates", _largest_rates, minutes=20, gib=4),
        Piece("accuracy-by-rate", _accuracy_by_rate, minutes=840, gib=5),
        Piece("frontier", _frontier, minutes=140, gib=5),
    ]


def _layers() -> Experiment:
    """Bandwidth beside a measured copy: the five main layers on two shapes in two precisions."""
    from benchmarks.speed.cells import MAIN, SHAPES
    from benchmarks.speed.layers import LayerCost

    return LayerCost.at(SCALE, {"names": MAIN, "shapes": SHAPES[:2]})


def _comparison() -> Experiment:
    """Ioffe & Szegedy's comparison on CIFAR-10; six seeds decide."""
    from benchmarks.ioffe2015.figure2_convergence import Convergence

    return Convergence.at(SCALE, {"seeds": 6})


def _largest_rates() -> Experiment:
    """Bjorck et al.'s largest rates with and without batch normalization, 20 to 110 layers."""
    from benchmarks.bjorck2018.largest_rate_by_depth import LargestRateByDepth

    return LargestRateByDepth.at(SCALE)


def _accuracy_by_rate() -> Experiment:
    """Bjorck et al.'s Figure 1 with the paper's network, images and epochs; six seeds decide."""
    from benchmarks.bjorck2018.figure1_accuracy_by_rate import AccuracyByRate

    return AccuracyByRate.at(SCALE, {"seeds": 6})


def _frontier() -> Experiment:
    """The map of learning rates for residual networks of 20 to 110 layers."""
    from studies.frontier import FEW, Frontier

    given = {"model": "resnet:width=16", "data": "cifar10", "steps": 1000}
    return Frontier.at(SCALE, {**given, "normalizers": FEW, "depths": DEPTHS})
