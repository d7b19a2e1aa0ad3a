"""Ioffe & Szegedy 2015, Figure 1: a small network of sigmoids."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ioffe2015 import sigmoid_inputs, sigmoid_plots
from benchmarks.ioffe2015.networks import BATCH
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import between, steps_ratio
from keras_norms.lab.options import RATE, option
from keras_norms.lab.statistics import Tolerance
from keras_norms.lab.training import Run
from keras_norms.lab.tuning import best_rate, on_validation, swept

WITHOUT, WITH = "without batch normalization", "with batch normalization"
ALIKE = "with batch normalization, at the rate of the network without"
ARMS = {WITHOUT: "none", WITH: BATCH}


@dataclass(frozen=True, kw_only=True)
class Training(Experiment):
    """Ioffe & Szegedy 2015, Figure 1: a small network of sigmoids, and what its last layer is fed.

    Paper      arXiv 1502.03167, Section 4.1: binary MNIST images, 3 x 100 sigmoids, small Gaussian
               weights, batches of 60, 50,000 steps.
    Claims     (a) With batch normalization the test accuracy is never lower on the way (a point is
               allowed) and 90 % is reached in less than half the steps. (b, c) The median input of
               a sigmoid of the last hidden layer moves less over time, in most units; its
               transient, the farthest that it is from where it ends, is smaller in the median unit.
    Numbers    Read off the figure: with, about 0.95 at the first point and 0.98 later; without,
               about 0.7, 0.9 at 5,000 steps and 0.97 to 0.98 at 50,000.
    Ours       Not in the paper: kernels of N(0, 0.05^2), plain SGD, moving averages of momentum
               0.9. On a CPU binarized digits (8x8) and 4,000 steps. Percentiles are over the test
               images in inference mode, at every evaluation; accuracies are smoothed over five.
    Rate       (a) Each arm's own, by a sweep on a fifth of the training set with seeds of its own.
               (b, c) That of the network without, for both: a lower one would move inputs less, and
               where a network does not train its percentiles do not move.
    Unit       The figure shows the unit, of those of the first seed, whose median moves as much as
               half of the units' do without normalization; the same place in the other network.
    Cost       cpu: 51 runs, 8 CPU minutes.
    Command    python -m benchmarks run ioffe2015.training --out results
               python -m benchmarks run ioffe2015.training --scale paper --data-dir DIR
    """

    data: str = option("digits:binary=true", "data set", gpu="mnist:binary=true",
                       paper="mnist:binary=true")  # fmt: skip
    depth: int = option(3, "hidden layers", least=1)
    width: int = option(100, "units of a layer", least=1)
    steps: int = option(4000, "steps a run", least=1, gpu=50_000, paper=50_000)
    batch: int = option(60, "examples a step", least=1)
    evaluate_every: int = option(50, "steps between looks", least=1, gpu=500, paper=500)
    rates: tuple[float, ...] = option((0.1, 0.3, 1.0, 3.0), "rates of the sweeps", **RATE)

    def run(self, normalizer: str, rate: float) -> Run:
        model = f"mlp:depth={self.depth},width={self.width},deviation=0.05,activation=sigmoid"
        return Run(
            data=self.data,
            model=model,
            normalizer=normalizer,
            batch=self.batch,
            steps=self.steps,
            evaluate_every=self.evaluate_every,
            learning_rate=rate,
            keep_predictions=True,
            probes=(sigmoid_inputs.PROBE,),
        )

    def plan(self):
        found = yield {
            swept(arm, rate): self.tuning(on_validation(self.run(normalizer, rate)))
            for arm, normalizer in ARMS.items()
            for rate in self.rates
        }
        best = self.best(found)
        groups = {arm: self.paired(self.run(ARMS[arm], best[arm])) for arm in ARMS}
        yield groups | {ALIKE: self.paired(self.run(BATCH, best[WITHOUT]))}

    def best(self, found) -> dict[str, float]:
        rates = {arm: {rate: found[swept(arm, rate)] for rate in self.rates} for arm in ARMS}
        return {arm: best_rate(groups) for arm, groups in rates.items()}

    def claims(self, found):
        plain, own, alike = found[WITHOUT], found[WITH], found[ALIKE]
        trains = plain.share("alive", "useful") > 0.5
        a, bc = (
            {"target": name, "control": trains} for name in ("ioffe15-fig1a", "ioffe15-fig1bc")
        )
        allowed = Tolerance.at_least(0.01, len(plain[0].correct)).share
        yield Claim("With batch normalization the accuracy is never lower on the way.",
                    sigmoid_inputs.lead(own, plain) >= -allowed, **a)  # fmt: skip
        yield Claim("It is at 90 % in less than half the steps.",
                    steps_ratio(plain, own, sigmoid_inputs.LEVEL) > 2, **a)  # fmt: skip
        yield Claim("The median input of most last sigmoids moves less.",
                    sigmoid_inputs.calmer(alike, plain) >= 0.8, **bc)  # fmt: skip
        transient = sigmoid_inputs.transient
        shrinks = between(plain, alike, lambda one, other: transient(one) - transient(other),
                          "transient, without − with, in the median unit")  # fmt: skip
        yield Claim("Its transient is smaller.", shrinks > 0, **bc)

    def tables(self, found):
        yield sigmoid_inputs.rows(self.name(), found, [WITHOUT, WITH, ALIKE])

    def figures(self, found):
        best, name = self.best(found), self.name().replace(".", "-")
        arms = {arm: found[arm] for arm in ARMS}
        said = f"Learning rates {best[WITHOUT]:g} (without) and {best[WITH]:g} (with). "
        yield sigmoid_plots.draw_accuracy(found.folder, f"{name}-a", arms, said)
        same = {WITHOUT: found[WITHOUT], WITH: found[ALIKE]}
        said = f"Learning rate {best[WITHOUT]:g}. "
        yield sigmoid_plots.draw_percentiles(found.folder, f"{name}-bc", same, said)
