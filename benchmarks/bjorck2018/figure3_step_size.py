"""Bjorck et al. 2018, Figure 3: the loss along the gradient, by the size of the step."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmarks.bjorck2018.drawings import draw_walks
from benchmarks.bjorck2018.networks import ARMS, RATES, WITH, WITHOUT, NetworkExperiment
from benchmarks.bjorck2018.reading import ends
from benchmarks.bjorck2018.walks import diverging_step, lowest_step
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import at_least
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table

STEPS = {"lowest loss at": lowest_step, "diverges at": diverging_step}


@dataclass(frozen=True, kw_only=True)
class StepSize(NetworkExperiment):
    """Bjorck et al. 2018, Figure 3: the loss along the gradient, by the size of the step.

    Paper      arXiv 1806.02375, Figure 3: the loss on mini-batches 1, 4 and 7 of training, over its
               value before the step, by the size of the step along their own gradient. With BN it
               is lowest at 0.02, 0.04 and 0.1; without it, at rates below 0.001 if at all, and from
               0.003 on it is a million times as large.
    Claims     The smallest step at which the loss is a thousand times its start is at least ten
               times as large with BN as without; the step of the lowest loss at least five times,
               for two of the three mini-batches.
    Ours       The paper's network, ResNet-110, with its momentum, L2 weight, flips and crops, at
               its rates of 0.1 with BN and 0.0001 without; 27 steps from 10^-5 to 10^1.5. A step
               that is not found is counted as the largest one tried; a network whose loss is not
               finite as diverging at the smallest.
    Cost       12 runs of 7 steps, 30 CPU minutes.
    Command    python -m benchmarks run bjorck2018.step_size --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    batches: tuple[int, ...] = option((1, 4, 7), "mini-batches, counted from 1", least=1)
    points: int = option(27, "steps along the gradient", least=2)

    def plan(self):
        self.require_batches(self.batches)
        probe = f"ray:at=({','.join(str(b - 1) for b in self.batches)}),points={self.points}"
        yield {arm: self.paired(self.trained(scheme, RATES[arm], steps=max(self.batches),
                                             probes=(probe,)))
               for arm, scheme in ARMS.items()}  # fmt: skip

    def smallest(self, found, arm: str):
        return (
            found[arm]
            .probed("ray")
            .quantity(
                lambda rows: min(diverging_step(rows, batch) for batch in self.batches),
                "smallest diverging step",
            )
        )

    def lowest(self, found, arm: str, batch: int):
        return (
            found[arm]
            .probed("ray")
            .quantity(
                lambda rows: lowest_step(rows, batch), f"step of the lowest loss, batch {batch}"
            )
        )

    def claims(self, found):
        target = {"target": "bjorck18-fig3"}
        yield Claim("With BN steps ten times as large or more do not diverge.",
                    self.smallest(found, WITH) / self.smallest(found, WITHOUT) >= 10,
                    paper="above 1 | 0.003 to 0.008", **target)  # fmt: skip
        far = [
            self.lowest(found, WITH, b) / self.lowest(found, WITHOUT, b) >= 5 for b in self.batches
        ]
        yield Claim("With BN the loss is lowest at a step five times as large or more, in most of "
                    "the mini-batches.", at_least(len(far) // 2 + 1, *far),
                    paper="0.02, 0.04, 0.1 | 0.0002, none, none", **target)  # fmt: skip

    def tables(self, found):
        rows = [
            {"network": arm, "batch": batch}
            | {words: interval_text([step(rows, batch) for rows in found[arm].probed("ray")])
               for words, step in STEPS.items()}
            | {"ends": ends(found[arm])}
            for arm in ARMS for batch in self.batches
        ]  # fmt: skip
        yield Table(f"{self.name()}-steps", pd.DataFrame(rows),
                    "Steps along the gradient: median over seeds with its interval.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Loss after a step over the loss before it, on "
                        "the same mini-batch; a line a seed.")  # fmt: skip
        walks = {scheme: found[arm].probed("ray") for arm, scheme in ARMS.items()}
        yield draw_walks(figure, walks, self.batches)
