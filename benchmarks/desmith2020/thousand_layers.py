"""De & Smith 2020: a thousand layers without normalization."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmarks.bjorck2018.networks import NetworkExperiment
from benchmarks.bjorck2018.reading import ends, shown
from benchmarks.desmith2020.section2_branch_variance import ARMS, LINES, NONE, SKIPINIT
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table

GUESSED = 0.1  # of ten classes


@dataclass(frozen=True, kw_only=True)
class ThousandLayers(NetworkExperiment):
    """De & Smith 2020: a thousand layers without normalization.

    Paper      "Batch Normalization Biases Residual Blocks Towards the Identity Function in Deep
               Networks", arXiv 2002.10444: a residual network of a thousand layers trains with a
               scalar on each branch that starts at zero (SkipInit): 94.3 % on CIFAR-10, 94.6 % with
               BN. With neither the first loss of so deep a network overflows.
    Claims     With SkipInit it learns more than half of the training images and is right on more
               than twice as many test images as by guessing; with neither it is not.
    Ours       A preactivation residual network of 1,004 layers and width 8, He weights, on 8x8
               digits, 100 steps of SGD with momentum at one rate: whether it trains is asked, not
               how well. BN's thousand layers and the paper's images are left to --scale gpu.
    Cost       12 runs, 12 CPU minutes, five of them compilation; 3 GB.
    Command    python -m benchmarks run desmith2020.thousand_layers --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    data: str = option("digits", "data set", gpu="cifar10")
    examples: int = option(1400, "images to train on, drawn once", least=1, gpu=50_000)
    depth: int = option(1004, "layers of the network, 6 n + 2", least=8)
    width: int = option(8, "channels of the first stage", least=1, gpu=16)
    batch: int = option(64, "examples a step", least=1, gpu=128)
    initializer: str = option("he", "of all kernels")
    rate: float = option(0.01, "learning rate", **RATE)
    steps: int = option(100, "of each run", least=1, gpu=2000)

    arms: tuple[str, ...] = option((SKIPINIT, NONE), "that are trained", choices=ARMS,
                                   gpu=tuple(ARMS))  # fmt: skip

    def plan(self):
        if not {SKIPINIT, NONE} <= {*self.arms}:
            raise self.invalid("arms", f"name {SKIPINIT} and {NONE}, which are compared")
        yield {arm: self.paired(self.one(arm)) for arm in self.arms}

    def one(self, arm: str):
        normalizer, branch = ARMS[arm]
        model = f"preactivation_resnet:depth={self.depth},width={self.width},branch={branch}"
        return self.run(normalizer, self.rate, model=model, steps=self.steps,
                        optimizer="sgd:momentum=0.9",
                        evaluate_every=max(1, self.steps // 5))  # fmt: skip

    def claims(self, found):
        test = {arm: found[arm].final() for arm in self.arms}
        yield Claim("A thousand layers learn with SkipInit.",
                    all_of(test[SKIPINIT] > 2 * GUESSED,
                           found[SKIPINIT].final("train_accuracy") > 0.5),
                    paper="94.3 %")  # fmt: skip
        yield Claim("With neither they do not.", test[NONE] <= 2 * GUESSED, paper="not at all")

    def tables(self, found):
        rows = [{"network": arm, "training accuracy": shown(found[arm].final("train_accuracy")),
                 "test accuracy": shown(found[arm].final()), "ends": ends(found[arm])}
                for arm in self.arms]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows),
                    "At the end of training: median over seeds with its interval.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Test accuracy in training; a line a seed, a "
                        "cross at chance where its loss is no longer finite.")  # fmt: skip
        with drawing(figure) as axis:
            for arm in self.arms:
                for k, one in enumerate(found[arm]):
                    steps, right, line = one.curve["step"], one.curve["test_accuracy"], LINES[arm]
                    if one.verdict.blown:
                        steps, right, line = [one.blew_up_at or 0], [GUESSED], "x"
                    axis.plot(steps, [100 * v for v in right], line,
                              label=arm if not k else None, color=colour(ARMS[arm][0]))  # fmt: skip
            axis.set(xlabel="step", ylabel="test accuracy [%]", ylim=(0, 100))
            axis.legend()
        yield figure
