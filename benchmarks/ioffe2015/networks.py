"""The networks of the paper's Section 4.2.2, and what all experiments on them have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Group
from keras_norms.lab.options import option
from keras_norms.lab.report.learning_curves import Look
from keras_norms.lab.training import Run

# Moving averages of the default momentum, 0.99, would still hold their start at the end of a run
# of a few hundred steps.
BATCH = "batch:momentum=0.9"
DROPOUT, L2, DECAY = 0.4, 1e-4, 0.5
DECAY_FASTER, L2_SMALLER = 6, 5
CLOSE = 0.005  # of accuracy: rates within half a point of the best are as good


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
# What the paper says in words: the plain network at five times its learning rate drove the
# parameters to machine infinity, and with sigmoids it stayed at chance, 0.1 %.
PLAIN_X5 = Arm("Inception-x5", "none", Look("#6b6b6b", ":"), times=5)
PLAIN_SIGMOID = Arm("Inception-Sigmoid", "none", Look("#6b6b6b", "--"), "sigmoid", paper_best=0.1)
ARMS = {arm.name: arm for arm in (PLAIN, BASELINE, X5, X30, SIGMOID, PLAIN_X5, PLAIN_SIGMOID)}


@dataclass(frozen=True, kw_only=True)
class NetworkExperiment(Experiment):
    """What an arm is run on: a network, its data, and how long.

    `--scale gpu` has the Inception of Figure 5, a quarter as wide, on CIFAR-10; `cifar10` what two
    CPU cores can do of it in minutes: a sixteenth as wide, and few steps.
    """

    data: str = option("digits", "data set", gpu="cifar10", cifar10="cifar10:part=0.1")
    model: str = option(
        "inception:depth=3,width=8",
        "network",
        gpu="bn_inception:width=16",
        cifar10="bn_inception:width=4",
    )
    steps: int = option(600, "steps a run", least=1, gpu=8000, cifar10=240)
    batch: int = option(32, "examples a step", least=1, gpu=64)
    evaluate_every: int = option(
        10, "steps between test points; 0 for the end alone", least=0, gpu=250, cifar10=20
    )

    def arm(self, arm: Arm, rate: float) -> Run:
        """A run of `arm`, where the plain arm's learning rate is `rate`."""
        every = self.steps / (DECAY_FASTER if arm.accelerated else 1)
        l2 = L2 / (L2_SMALLER if arm.accelerated else 1)
        model = [self.model, f"activation={arm.activation}"]
        model += [] if arm.accelerated else [f"dropout={DROPOUT}"]
        # Local response normalization stays in the arms that are as the original Inception was.
        if self.model.startswith("bn_inception") and not arm.accelerated:
            model += ["local_response=true"]
        return Run(
            model=",".join(model),
            data=self.data,
            normalizer=arm.normalizer,
            optimizer=f"sgd:momentum=0.9,l2={l2:g}",
            schedule=f"exponential:decay={DECAY},every={every:g}",
            learning_rate=rate * arm.times,
            batch=self.batch,
            steps=self.steps,
            evaluate_every=self.evaluate_every,
            keep_predictions=True,
        )

    def on_validation(self, run: Run) -> Run:
        """The run that chooses a hyperparameter: a fifth of the training set is held out."""
        separator = "," if ":" in run.data else ":"
        data = f"{run.data}{separator}validation=0.2,evaluate_on=validation"
        return replace(run, data=data, keep_predictions=False)


def best_rate(swept: dict[float, Group]) -> float:
    """The learning rate of the highest best accuracy (median over tuning seeds).

    Rates within `CLOSE` of it are as good; of those the one with the highest accuracy averaged
    over the run, which is the fastest.
    """
    best = {rate: group.best().estimate for rate, group in swept.items()}
    as_good = [rate for rate in best if best[rate] >= max(best.values()) - CLOSE]
    return max(as_good, key=lambda rate: mean_accuracy(swept[rate]).estimate)


def mean_accuracy(group: Group):
    """Test accuracy averaged over a run's evaluations; 0 for a run that blew up."""

    def mean(outcome) -> float:
        column = outcome.curve["test_accuracy"]
        return 0.0 if outcome.verdict.blown else sum(column) / len(column)

    return group.quantity(mean, "mean test accuracy")
