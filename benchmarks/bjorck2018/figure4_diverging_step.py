"""Bjorck et al. 2018, Figure 4: channel means and variances in a step that diverges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.drawings import draw_step
from benchmarks.bjorck2018.networks import RATES, WITHOUT, NetworkExperiment
from benchmarks.bjorck2018.reading import starts
from benchmarks.bjorck2018.walks import diverging_step
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table

WALK, STEP = "along the gradient", "one step"
LEAST, OVERFLOWN = 1e-45, 80.0  # of a variance; log10 of one beyond the square of any float32


@dataclass(frozen=True, kw_only=True)
class DivergingStep(NetworkExperiment):
    """Bjorck et al. 2018, Figure 4: channel means and variances in a step that diverges.

    Paper      arXiv 1806.02375, Figure 4: without BN, means and variances of the channels at layers
               8, 44 and 80 as one diverging step is applied bit by bit: variances up to 1, 5.5e6
               and 5.5e16, nearly all of it in the last tenth of the step for layer 80.
    Claims     After the step the largest variance at layer 80 is more than a thousand times that at
               layer 8, and rises over the three layers; the ratio is larger after the whole step
               than after a tenth of it.
    Ours       The paper's network without BN, its first mini-batch; the step is the smallest of a
               walk along the gradient at which the loss is a thousand times its start.
    Cost       12 runs, 15 CPU minutes.
    Command    python -m benchmarks run bjorck2018.diverging_step --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    layers: tuple[int, ...] = option((8, 44, 80), "layers of the network", least=1)
    shares: int = option(11, "shares of the step, from none to all", least=2)
    points: int = option(27, "steps of the walk", least=2)

    def plan(self):
        places = self.places(self.layers)
        if len(self.layers) < 2:
            raise self.invalid("layers", "write two layers or more, to compare")
        one = self.trained("none", RATES[WITHOUT], steps=1)
        walked = yield {WALK: self.paired(replace(one, probes=(f"ray:at=0,points={self.points}",)))}
        steps = [diverging_step(rows, 1) for rows in walked[WALK].probed("ray")]
        looked = f"step:at=0,layers={places},shares={self.shares}"
        yield {STEP: [replace(run, probes=(f"{looked},alpha={step!r}",))
                      for run, step in zip(self.paired(one), steps, strict=True)]}  # fmt: skip

    def largest(self, outcome, layer: int, share: int) -> float:
        """log10 of the largest variance of a layer's channels after a share of the step."""
        (rows,) = outcome.probed.values()
        most = max(rows[0]["variance"][share][self.layers.index(layer)])
        return float(np.log10(max(most, LEAST))) if np.isfinite(most) else OVERFLOWN

    def grown(self, found, share: int, words: str):
        first, last = self.layers[0], self.layers[-1]
        return found[STEP].quantity(
            lambda one: self.largest(one, last, share) - self.largest(one, first, share),
            f"log10 of variance at layer {last} / {first} after {words} of the step",
        )

    def claims(self, found):
        target = {"target": "bjorck18-fig4"}
        whole = self.grown(found, -1, "all")
        tenth = self.grown(found, (self.shares - 1) // 10, "a tenth")
        yield Claim("In a diverging step late layers have variances a thousand times as large.",
                    whole > 3, paper="16.7", **target)  # fmt: skip
        each = [found[STEP].quantity(lambda one, k=k: self.largest(one, k, -1), f"layer {k}")
                for k in self.layers]  # fmt: skip
        yield Claim("They rise over the layers.", all_of(*(
            later > earlier for earlier, later in pairwise(each))),
            paper="0, 6.7, 16.7", **target)  # fmt: skip
        yield Claim("It is the end of the step that does it.", whole > tenth,
                    paper="the last 10 to 40 %", **target)  # fmt: skip

    def tables(self, found):
        rows = [
            {"layer": layer, "before the step": starts(found[STEP])} | {
                f"log10 of the largest variance, {100 * share / (self.shares - 1):.0f} %":
                interval_text([self.largest(one, layer, share) for one in found[STEP]])
                for share in sorted({0, self.shares // 2, self.shares - 1})}
            for layer in self.layers
        ]  # fmt: skip
        yield Table(f"{self.name()}-variances", pd.DataFrame(rows),
                    "Largest channel variance by share of the step: median, interval.")  # fmt: skip

    def figures(self, found):
        caption = "Channel means and variances by share of the step, first seed."
        figure = Figure(self.name(), found.folder, caption)
        (rows,) = found[STEP][0].probed.values()
        yield draw_step(figure, rows[0], self.layers)
