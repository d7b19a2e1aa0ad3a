"""Santurkar et al. 2018, Figure 2: batch normalization with unstable noise behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.santurkar2018.networks import ARMS, BN, NOISY, NONE, VggExperiment
from benchmarks.santurkar2018.reading import drifts
from keras_norms.lab.claim import Claim
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table, percent

COMPARED = {NONE: "o-", BN: "s-", NOISY: "^--"}


@dataclass(frozen=True, kw_only=True)
class Noisy(VggExperiment):
    """Santurkar et al. 2018, Figure 2: batch normalization with unstable noise behind it.

    Paper      arXiv 1805.11604: noise of non-zero mean and non-unit variance behind every BN, its
               distribution drawn anew at each step, makes the distributions of activations less
               stable than without BN, and the network trains about as well as with BN.
    Claims     Noisy BN loses at most half a point of test accuracy to no normalization, and less
               than two to BN; its activations drift more than those of either.
    Control    BN gains more than a point over none.
    Ours       VGG-8 of width 8, 10,000 images of CIFAR-10 at 16x16 pixels, batch 64, 300 steps;
               each arm at the rate of its best validation accuracy (two other seeds). Noise by
               channel and step, of means up to 0.5 and factors up to 1.25, +-0.1 around them for
               each activation. Drift: by how much means and deviations of the activations' channels
               change between looks 28 steps apart, in deviations; the median over layers.
    Cost       14 runs beside those of lp_norms, 1 CPU minute.
    Command    python -m benchmarks run santurkar2018.noisy --out results
    """

    def plan(self):
        rates = yield from self.chosen(COMPARED)
        yield {arm: self.paired(replace(self.run(arm, rate), probes=(self.probe,)))
               for arm, rate in rates.items()}  # fmt: skip

    @property
    def probe(self) -> str:
        return f"moments:of=activations,by=channel,{self.looks}"

    def drift(self, found, arm: str):
        return found[arm].probed("moments").quantity(lambda rows: np.median(drifts(rows)), "drift")

    def claims(self, found):
        test = {arm: found[arm].final() for arm in COMPARED}
        drift = {arm: self.drift(found, arm) for arm in COMPARED}
        power = {"control": test[BN] - test[NONE] > 0.01, "target": "santurkar18-noisy"}
        # Half an image short of the next: a tolerance of whole images has no borderline.
        half = 0.5 / self.test_examples
        yield Claim("Noisy BN is as accurate as no normalization.",
                    test[NOISY] - test[NONE] > -0.005 - half, paper="better", **power)  # fmt: skip
        yield Claim("Noisy BN is nearly as accurate as BN.",
                    test[NOISY] - test[BN] > -0.02 - half, paper="about equal",
                    **power)  # fmt: skip
        for other in (NONE, BN):
            yield Claim(f"With noisy BN activations drift more than with {other}.",
                        drift[NOISY] / drift[other] > 1, paper="less stable",
                        target="santurkar18-noisy")  # fmt: skip

    def tables(self, found):
        rows = [{"network": arm, "learning rate": f"{found[arm].jobs[0].learning_rate:g}",
                 "test accuracy": interval_text([o.final("test_accuracy") for o in found[arm]],
                                                percent),
                 "training loss": shown(found[arm].final("train_loss")),
                 "drift": shown(self.drift(found, arm))} for arm in COMPARED]  # fmt: skip
        yield Table(f"{self.name()}-ends", pd.DataFrame(rows),
                    "At the end of training, and drift: medians over seeds.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Test accuracy (left); drift of the activations "
                        "by layer (right): medians over seeds.")  # fmt: skip
        with drawing(figure, width=9, height=4, columns=2, shared=False) as axes:
            for arm, line in COMPARED.items():
                group, look = found[arm], {"color": colour(ARMS[arm]), "label": arm}
                whole = [one.curve for one in group if not one.verdict.blown]
                if whole:
                    curve = np.median([one["test_accuracy"] for one in whole], axis=0)
                    axes[0].plot(whole[0]["step"], 100 * curve, line, **look)
                every = np.median([drifts(rows) for rows in group.probed("moments")], axis=0)
                axes[1].plot(1 + np.arange(len(every)), every, line, **look)
            axes[0].set(xlabel="step", ylabel="test accuracy (%)")
            axes[1].set(xlabel="layer", ylabel="drift", yscale="log")
            axes[0].legend()
        yield figure
