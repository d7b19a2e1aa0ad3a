"""Santurkar et al. 2018, Figure 3: internal covariate shift with and without BN."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.santurkar2018.drawings import draw_shifts
from benchmarks.santurkar2018.networks import BN, NONE, TUNING_SEEDS, VggExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table
from keras_norms.lab.tuning import best_rate, on_validation, swept

VGG, LINEAR = "VGG", "deep linear"
SAME, SLOW = "BN, rate of none", "none, a tenth of the rate"
LINES = {NONE: "o-", BN: "s-", SAME: "s--", SLOW: "o:"}
PROBE, TAUGHT = "covariate_shift", "@benchmarks.santurkar2018.gaussian.taught"


@dataclass(frozen=True, kw_only=True)
class CovariateShift(VggExperiment):
    """Santurkar et al. 2018, Figure 3: internal covariate shift with and without BN.

    Paper      arXiv 1805.11604, Definition 2.1: the shift of a layer at a step is |G - G'|, of its
               gradients before and after the preceding layers take theirs. With BN it is similar
               or larger, in VGG and in a linear network of 25 layers; so is the angle.
    Claims     BN's median shift is at least half of that without, and its cosine larger by less
               than 0.05: each arm at its own rate, and both at the rate of the one without BN.
    Control    At a tenth of the rate the shift without BN is less than half as large.
    Ours       VGG-8 of width 8, 10,000 images of CIFAR-10 at 16x16 pixels, batch 64, 300 steps; 25
               linear layers of 64 and a head, 512 Gaussian inputs as one batch, classes of a random
               matrix, 100 steps. Rates of the best validation accuracy (two other seeds), five
               looks, four layers each, the step of gradient descent; medians over both.
    Cost       28 runs for the rates and 48 to compare, 3 CPU minutes.
    Command    python -m benchmarks run santurkar2018.covariate_shift --out results
    """

    layers: tuple[int, ...] = option((2, 4, 6, 8), "of the VGG, counted from 1", least=2)
    linear_layers: tuple[int, ...] = option((7, 13, 19, 25), "of the other", least=2, most=26)
    linear_steps: int = option(100, "of the linear network", least=20)
    linear_rates: tuple[float, ...] = option((0.01, 0.03, 0.1), "tried there", **RATE)

    def one(self, network: str, arm: str, rate: float):
        if network == VGG:
            return self.run(arm, rate)
        return replace(self.run(arm, rate), model="deep_linear:depth=25,width=64", data=TAUGHT,
                       batch=0, steps=self.linear_steps, keep_predictions=False,
                       evaluate_every=self.linear_steps // 10)  # fmt: skip

    def plan(self):
        rates = {VGG: self.rates, LINEAR: self.linear_rates}
        tried = [(n, arm, rate) for n in rates for arm in (NONE, BN) for rate in rates[n]]
        found = yield {f"{n}, {swept(arm, rate)}": self.tuning(
            on_validation(self.one(n, arm, rate)), TUNING_SEEDS)
                       for n, arm, rate in tried}  # fmt: skip
        best = {(n, arm): best_rate({r: found[f"{n}, {swept(arm, r)}"] for r in rates[n]})
                for n, arm in product(rates, (NONE, BN))}  # fmt: skip
        yield {f"{n}, {a}": self.paired(self.looked_at(n, a, best)) for n in rates for a in LINES}

    def looked_at(self, network: str, arm: str, best: dict[tuple[str, str], float]):
        rate = best[network, arm if arm == BN else NONE] / (10 if arm == SLOW else 1)
        run = self.one(network, BN if arm in (BN, SAME) else NONE, rate)
        at = ",".join(str(k * run.steps * 3 // 20) for k in range(5))
        layers = ",".join(map(str, self.layers if network == VGG else self.linear_layers))
        return replace(run, probes=(f"{PROBE}:at=({at}),layers=({layers})",))

    def median(self, found, name: str, column: str):
        """Over looks and layers."""
        return found[name].probed(PROBE).quantity(
            lambda rows: np.median([row[column] for row in rows]), column)  # fmt: skip

    def claims(self, found):
        for n, arm in product((VGG, LINEAR), (BN, SAME)):
            shift, cosine = ({which: self.median(found, f"{n}, {which}", column) for which in LINES}
                             for column in ("shift", "cosine"))  # fmt: skip
            yield Claim(f"{n}: internal covariate shift is not smaller with {arm}.",
                        all_of(shift[arm] / shift[NONE] >= 0.5, cosine[arm] - cosine[NONE] < 0.05),
                        paper="similar or worse", target="santurkar18-ics",
                        control=shift[SLOW] / shift[NONE] < 0.5)  # fmt: skip

    def tables(self, found):
        columns = {"gradient": "|G|", "shift": "|G − G'|", "cosine": "cosine"}
        rows = [{"network": name, "learning rate": f"{found[name].jobs[0].learning_rate:g}",
                 **{said: shown(self.median(found, name, c)) for c, said in columns.items()},
                 "training loss": shown(found[name].final("train_loss"))}
                for name in (f"{n}, {arm}" for n in (VGG, LINEAR) for arm in LINES)]  # fmt: skip
        yield Table(f"{self.name()}-medians", pd.DataFrame(rows),
                    "Medians over looks and layers, then over seeds.")  # fmt: skip

    def figures(self, found):
        said = "Shift (above) and cosine (below): medians over layers and seeds."
        groups = {(n, arm): found[f"{n}, {arm}"] for n in (VGG, LINEAR) for arm in LINES}
        yield draw_shifts(Figure(self.name(), found.folder, said), groups, PROBE, LINES)
