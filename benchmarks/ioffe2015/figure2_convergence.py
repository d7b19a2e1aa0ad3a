"""Ioffe & Szegedy 2015, Figures 2 and 3: steps to the plain network's accuracy."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ioffe2015 import comparison
from benchmarks.ioffe2015.networks import ARMS, PLAIN, NetworkExperiment
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.ends import sweep_table
from keras_norms.lab.tuning import best_rate, on_validation, swept


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
        found = yield {
            swept(PLAIN.name, rate): self.tuning(on_validation(self.arm(PLAIN, rate)))
            for rate in self.rates
        }
        rate = self.rate(found)
        yield {name: self.paired(self.arm(arm, rate)) for name, arm in ARMS.items()}

    def swept(self, found) -> dict:
        return {rate: found[swept(PLAIN.name, rate)] for rate in self.rates}

    def rate(self, found) -> float:
        return best_rate(self.swept(found))

    def claims(self, found):
        yield from comparison.claims(found)

    def summary(self, found):
        plain = found["Inception"]
        yield (
            f"The plain network does best at a learning rate of {self.rate(found):g}: "
            f"{100 * plain.best().estimate:.1f} % test accuracy after "
            f"{comparison.steps_to_plain(plain, plain).estimate:g} steps (median over seeds)."
        )

    def tables(self, found):
        yield comparison.arms_table(self.name(), found, self.rate(found))
        yield sweep_table(self.name(), self.swept(found), self.rate(found))

    def figures(self, found):
        yield comparison.draw(self.name(), found, self.rate(found))
