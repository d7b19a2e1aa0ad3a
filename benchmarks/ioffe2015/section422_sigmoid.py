"""Ioffe & Szegedy 2015, Section 4.2.2: deep networks of sigmoids."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ioffe2015.networks import BATCH
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.ends import ends_table
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import best_rate, on_validation, swept

ARMS = {"without batch normalization": "none", "with batch normalization": BATCH}
WITHOUT, WITH = ARMS


@dataclass(frozen=True, kw_only=True)
class Sigmoid(Experiment):
    """Ioffe & Szegedy 2015, Section 4.2.2: deep networks of sigmoids.

    Paper      arXiv 1502.03167, Section 4.2.2: BN-x5 with sigmoids reaches 69.8 % on ImageNet;
               without batch normalization a network of sigmoids never does better than chance,
               0.1 %.
    Claims     Without batch normalization the best learning rate leaves the accuracy below one and
               a half times chance; with it the accuracy is above 60 % (four times chance on
               CIFAR-10).
    Ours       MLP of 8 x 100 sigmoids on digits, Glorot normal kernels, plain SGD, batches of 60,
               final test accuracy. --scale gpu: the Inception of Figure 5, a quarter as wide, on
               CIFAR-10.
    Rate       Each arm's, by a sweep on a fifth of the training set with seeds of its own: the
               highest best accuracy; of rates within half a point of it the fastest.
    Cost       36 runs, 3 CPU minutes.
    Command    python -m benchmarks run ioffe2015.sigmoid --out results
    """

    data: str = option("digits", "data set", gpu="cifar10")
    model: str = option(
        "mlp:depth=8,width=100,activation=sigmoid",
        "network",
        gpu="bn_inception:width=16,activation=sigmoid",
    )
    steps: int = option(3000, "steps a run", least=1, gpu=8000)
    batch: int = option(60, "examples a step", least=1, gpu=64)
    evaluate_every: int = option(100, "steps between test points", least=0, gpu=250)
    rates: tuple[float, ...] = option(
        (0.3, 1.0, 3.0), "learning rates of the sweeps", gpu=(0.01, 0.1, 1.0), **RATE
    )
    enough: float = option(0.6, "accuracy of a network that trains", least=0, most=1, gpu=0.4)
    classes: int = option(10, "classes of the data, for chance", least=2)

    def run(self, normalizer: str, rate: float) -> Run:
        return Run(
            data=self.data,
            model=self.model,
            normalizer=normalizer,
            batch=self.batch,
            steps=self.steps,
            evaluate_every=self.evaluate_every,
            learning_rate=rate,
            keep_predictions=True,
        )

    def plan(self):
        found = yield {
            swept(arm, rate): self.tuning(on_validation(self.run(normalizer, rate)))
            for arm, normalizer in ARMS.items()
            for rate in self.rates
        }
        best = {
            arm: best_rate({rate: found[swept(arm, rate)] for rate in self.rates}) for arm in ARMS
        }
        yield {arm: self.paired(self.run(ARMS[arm], best[arm])) for arm in ARMS}

    def claims(self, found):
        target = "ioffe15-sigmoid"
        chance = found[WITHOUT].final() < 1.5 / self.classes
        yield Claim("Without batch normalization the network of sigmoids stays at chance.",
                    chance, paper="0.001, chance", target=target)  # fmt: skip
        trains = found[WITH].final() > self.enough
        yield Claim("With it the network trains.", trains, paper="0.698", target=target)

    def tables(self, found):
        yield ends_table(self.name(), found.groups())
