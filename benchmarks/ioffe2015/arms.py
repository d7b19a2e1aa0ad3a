"""The networks of the paper's Section 4.2.2, and the numbers it gives for them."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.report.learning_curves import Look

# Moving averages of the default momentum, 0.99, would still hold their start at the end of a run
# of a few hundred steps.
BATCH = "batch:momentum=0.9"


@dataclass(frozen=True)
class Arm:
    """One network.

    Attributes:
        times: its learning rate, in learning rates of the plain arm.
        accelerated: the changes of Section 4.2.1 that short runs on small images allow: no
            dropout, a fifth of the L2 weight, learning rate decaying 6 times faster.
        paper_steps: millions of steps to 72.2 %, the plain arm's best; None: never.
        paper_best: highest validation accuracy, in per cent.
    """

    name: str
    normalizer: str
    look: Look
    activation: str = "relu"
    times: float = 1.0
    accelerated: bool = False
    paper_steps: float | None = None
    paper_best: float | None = None


PLAIN = Arm("Inception", "none", Look("#6b6b6b"), paper_steps=31.0, paper_best=72.2)
BASELINE = Arm("BN-Baseline", BATCH, Look("#56b4e9"), paper_steps=13.3, paper_best=72.7)
X5 = Arm(
    "BN-x5", BATCH, Look("#0072b2"), times=5, accelerated=True, paper_steps=2.1, paper_best=73.0
)
X30 = Arm(
    "BN-x30", BATCH, Look("#002b4d"), times=30, accelerated=True, paper_steps=2.7, paper_best=74.8
)
SIGMOID = Arm(
    "BN-x5-Sigmoid", BATCH, Look("#7b52ab", "--"), "sigmoid", 5, accelerated=True, paper_best=69.8
)
ARMS = (PLAIN, BASELINE, X5, X30, SIGMOID)

# What the paper tells in words: the plain network at five times its learning rate drove the
# parameters to machine infinity, and with sigmoids it stayed at chance, 0.1 %.
PLAIN_X5 = Arm("Inception-x5", "none", Look("#6b6b6b", ":"), times=5)
PLAIN_SIGMOID = Arm("Inception-Sigmoid", "none", Look("#6b6b6b", "--"), "sigmoid", paper_best=0.1)
CONTROLS = (PLAIN_X5, PLAIN_SIGMOID)
