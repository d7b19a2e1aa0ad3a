"""Ioffe & Szegedy 2015, Figures 2 and 3: steps to the plain network's accuracy."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ioffe2015.comparison import arms_table, draw, speed_up, steps_to_plain, sweep_table
from benchmarks.ioffe2015.networks import ARMS, PLAIN, NetworkExperiment, best_rate
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import RATE, option
from keras_norms.lab.statistics import Tolerance

CONTROLS = ("Inception-x5", "Inception-Sigmoid")
TRAINED, BLOWN = ("alive", "useful"), ("blew up", "dead at start")


@dataclass(frozen=True, kw_only=True)
class Convergence(NetworkExperiment):
    """Ioffe & Szegedy 2015, Figures 2 and 3: steps to the plain network's accuracy.

    Paper      "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
               Covariate Shift", arXiv 1502.03167, Section 4.2.2.
    Claims     Batch normalization alone needs fewer steps than the plain network to reach its best
               accuracy; at 5 times the learning rate fewer than a third (the paper: a fourteenth);
               at 30 times it ends highest; it trains with sigmoids. The plain network diverges at
               5 times its learning rate and stays at chance with sigmoids.
    Paper's    SGD with momentum, mini-batches of 32, exponential decay; x5, x30 and sigmoid without
    set-up     dropout (else 40 %), with a fifth of the L2 weight and a decay 6 times faster.
    Ours       A small Inception on digits (8x8 pixels) instead of ImageNet; momentum 0.9, L2 weight
               1e-4, learning rate halved over the run; moving averages with momentum 0.9, because
               the runs are short. ioffe2015.imagenet is the comparison as published.
    CIFAR-10   --scale gpu: the network of Figure 5 a quarter as wide; not run, for want of a GPU.
               --scale cifar10: every tenth image, a sixteenth as wide, 240 steps: it says who is
               faster at the start, and nothing of where a network ends.
    Rate       The plain arm's, by a sweep on a fifth of the training set with seeds of its own: the
               highest best accuracy; of rates within half a point of it the fastest. The other
               rates are its multiples.
    Target     For each seed the best test accuracy of that seed's plain run; in runs this short the
               plain network is still rising at the end. Where it is untrained, nothing is judged.
    Cost       81 runs, 10 CPU minutes with TensorFlow (TF_NUM_INTRAOP_THREADS=1).
    Command    python -m benchmarks run ioffe2015.convergence --out results
    """

    rates: tuple[float, ...] = option(
        (0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
        "learning rates of the plain sweep",
        gpu=(0.003, 0.01, 0.03, 0.1),
        cifar10=(0.01, 0.03, 0.1),
        **RATE,
    )

    def plan(self):
        swept = yield {
            f"sweep, {rate:g}": self.tuning(self.on_validation(self.arm(PLAIN, rate)))
            for rate in self.rates
        }
        rate = self.rate(swept)
        yield {name: self.paired(self.arm(arm, rate)) for name, arm in ARMS.items()}

    def rate(self, found) -> float:
        return best_rate({rate: found[f"sweep, {rate:g}"] for rate in self.rates})

    def claims(self, found):
        plain = found["Inception"]
        trains = plain.share(*TRAINED) > 0.5
        shown = {"target": "ioffe15-fig3", "control": trains}
        faster = {name: speed_up(found[name], plain) for name in ("BN-Baseline", "BN-x5")}
        yield Claim("Batch normalization alone needs fewer steps than the plain network.",
                    faster["BN-Baseline"] > 1, paper="2.33", **shown)  # fmt: skip
        yield Claim("With five times the learning rate it needs fewer than a third.",
                    faster["BN-x5"] > 3, paper="14.8", **shown)  # fmt: skip
        yield Claim("With batch normalization five times the learning rate does not diverge.",
                    found["BN-x5"].share(*TRAINED, "untrained") > 0.5, paper="trains", **shown)  # fmt: skip
        close = Tolerance.at_least(0.005, len(plain[0].correct)).share
        yield Claim("With thirty times the learning rate the accuracy is as high or higher.",
                    found["BN-x30"].best() - found["BN-x5"].best() >= -close, paper="+0.018",
                    **shown)  # fmt: skip
        yield Claim("Without it five times the learning rate diverges.",
                    found["Inception-x5"].share(*BLOWN) > 0.5, paper="reached infinity", **shown)  # fmt: skip
        yield Claim("With batch normalization the network trains with sigmoids.",
                    found["BN-x5-Sigmoid"].share(*TRAINED) > 0.5, paper="69.8 %", **shown)  # fmt: skip
        yield Claim("Without it the network with sigmoids stays at chance.",
                    found["Inception-Sigmoid"].share("untrained") > 0.5, paper="0.1 %, chance",
                    **shown)  # fmt: skip

    def summary(self, found):
        plain = found["Inception"]
        yield (
            f"The plain network does best at a learning rate of {self.rate(found):g}: "
            f"{100 * plain.best().estimate:.1f} % test accuracy after "
            f"{steps_to_plain(plain, plain).estimate:g} steps (median over seeds)."
        )

    def tables(self, found):
        yield arms_table(self.name(), found, self.rate(found))
        yield sweep_table(self.name(), found, self.rates, self.rate(found))

    def figures(self, found):
        yield draw(self.name(), found, self.rate(found))
