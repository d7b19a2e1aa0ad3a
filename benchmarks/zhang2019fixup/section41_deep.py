"""Zhang, Dauphin & Ma 2019, Section 4.1: deep residual networks without normalization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import ends, shown
from keras_norms.lab.claim import Claim
from keras_norms.lab.edges.verdict import BLOWN
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table
from keras_norms.lab.training import Run

FIXUP, BN, HE = "Fixup", "BN", "He"
LOOKS = {FIXUP: ("#d55e00", "-"), BN: ("#0072b2", "--"), HE: ("#6b6b6b", ":")}


@dataclass(frozen=True, kw_only=True)
class Deep(Experiment):
    """Zhang, Dauphin & Ma 2019, Section 4.1: deep residual networks without normalization.

    Paper      "Fixup Initialization", arXiv 1901.09321: residual networks of up to 10,000 layers
               train without normalization, at BN's learning rate of 0.1; a standard initialization
               diverges there. ResNet-110 on CIFAR-10: test error 7.24 % with Fixup, 6.61 % with BN.
    Claims     At every depth the training loss with Fixup falls below a tenth of its first and no
               run blows up; with He weights, without normalization, more than half of the runs
               blow up, or never start; Fixup's test accuracy is within two points of BN's.
    Ours       ResNet-20 and -56 of width 8 on digits of 8x8 pixels, SGD of batches of 64 with
               momentum 0.9 at the one rate of 0.1; 120 steps, 5 epochs. Deeper networks, and
               longer training, are left to --scale gpu.
    Rival      The 56 layers with BN are the ones behind: 120 steps are few for them at this rate.
               Fixup's scalars have the rate of its kernels here; a lower one was not tried.
    Cost       36 runs, 3 CPU minutes, half of them compilation.
    Command    python -m benchmarks run zhang2019fixup.deep --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    data: str = option("digits", "data set", gpu="cifar10")
    depths: tuple[int, ...] = option((20, 56), "layers, 6 n + 2 each", least=8, gpu=(20, 56, 110))
    width: int = option(8, "channels of the first stage", least=1, gpu=16)
    rate: float = option(0.1, "learning rate", **RATE)
    steps: int = option(120, "of each run", least=6, gpu=20_000)

    def plan(self):
        yield {self.cell(arm, depth): self.paired(self.run(arm, depth))
               for depth in self.depths for arm in LOOKS}  # fmt: skip

    def cell(self, arm: str, depth: int) -> str:
        return f"{arm}, {depth} layers"

    def run(self, arm: str, depth: int) -> Run:
        name = "@benchmarks.zhang2019fixup.networks.fixed" if arm == FIXUP else "resnet"
        return Run(model=f"{name}:depth={depth},width={self.width}", data=self.data,
                   normalizer="batch:momentum=0.9" if arm == BN else "none",
                   optimizer="sgd:momentum=0.9", learning_rate=self.rate, steps=self.steps,
                   evaluate_every=self.steps // 6, keep_predictions=True)  # fmt: skip

    def claims(self, found):
        of = {(arm, d): found[self.cell(arm, d)] for arm in LOOKS for d in self.depths}
        target = {"target": "fixup19-deep"}
        falls = [of[FIXUP, d].quantity(fallen, "last loss / first") for d in self.depths]
        yield Claim("With Fixup deep networks train.", all_of(*(one < 0.1 for one in falls)),
                    paper="10,000 layers", **target)  # fmt: skip
        for arm, sentence in ((FIXUP, "Fixup does not blow up."), (HE, "He weights do.")):
            shares = [of[arm, d].share(*BLOWN) for d in self.depths]
            held = [one > 0.5 if arm == HE else one < 0.5 for one in shares]
            yield Claim(sentence, all_of(*held), paper="at 0.1", **target)
        off = [abs(of[FIXUP, d].final() - of[BN, d].final()) for d in self.depths]
        yield Claim("Fixup is as accurate as BN.", all_of(*(one < 0.02 for one in off)),
                    paper="0.6 points", **target)  # fmt: skip

    def tables(self, found):
        rows = [{"network": name, "test accuracy": shown(group.final()), "ends": ends(group)}
                for name, group in found.groups().items()]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows), "At the end of training: medians.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Training loss of each step, a line a seed; it "
                        "ends where the run blows up.")  # fmt: skip
        with drawing(figure, width=9.5, height=4.2, columns=len(self.depths)) as axes:
            axes = np.atleast_1d(axes)
            for axis, depth in zip(axes, self.depths, strict=True):
                for arm, (shade, line) in LOOKS.items():
                    for k, one in enumerate(found[self.cell(arm, depth)]):
                        axis.plot(one.losses, line, color=shade, lw=0.8, label="" if k else arm)
                axis.set(yscale="log", xlabel="step", title=f"{depth} layers")
            axes[0].set_ylabel("training loss")
            axes[-1].legend()
        yield figure


def fallen(outcome) -> float:
    """The training loss at the end over the first; infinite where it blew up."""
    return np.inf if outcome.verdict.blown else outcome.final("train_loss") / outcome.losses[0]
