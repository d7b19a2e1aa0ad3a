"""Wu & Johnson 2021, Section 3: precise statistics, and how moving averages lag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.wu2021precise.lag import ARMS
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.figures import Figure, drawing

MOVING, PRECISE = ARMS


@dataclass(frozen=True, kw_only=True)
class PreciseStatistics(Experiment):
    """Wu & Johnson 2021, Section 3: precise statistics, and how moving averages lag.

    Paper      "Rethinking 'Batch' in BatchNorm", arXiv 2105.07576: moving averages lag behind
               weights that move fast; statistics taken anew with the weights fixed ("PreciseBN",
               means of the batches' means and unbiased variances) do not, and 10^3 to 10^4 samples
               suffice.
    Claims     While the kernel moves by 0.1 or 1 % a batch, the moving average (momentum 0.99) is
               more than twice as far from the data's statistics as precise ones of 6,400 samples;
               while it stands still it is less than twice as far. The precise ones' error falls as
               one over the root of the samples, and is below 5 % from 1,600 on. Unbiased variances
               of batches of two average to the data's to 3 %.
    Ours       A linear layer of 32 rectified inputs, batches of 32 of 4,096 examples; no training.
               Whether validation varies less while a network trains is another row.
    Cost       30 layers, 10 CPU seconds.
    Command    python -m benchmarks run wu2021precise.precise_statistics --out results
    """

    seeds: int = option(10, "layers", least=1, most=10_000)
    batch: int = option(32, "examples", least=2)
    moves: tuple[float, ...] = option((0.0, 0.001, 0.01), "of the kernel a batch", least=0)
    samples: tuple[int, ...] = option((400, 1600, 6400, 25_600), "of precise statistics", least=64)

    def plan(self):
        about = {"batch": self.batch, "momentum": 0.99, "samples": [*self.samples]}
        yield {f"{move:.1%} a batch": self.paired(Computation(
            "benchmarks.wu2021precise.lag.errors", {**about, "step": move}))
               for move in self.moves}  # fmt: skip

    def claims(self, found):
        near = min(range(len(self.samples)), key=lambda k: abs(self.samples[k] - 6400))
        for move, (name, group) in zip(self.moves, found.groups().items(), strict=True):
            of_average = group.quantity(lambda o: o[MOVING], "error of the moving average")
            ratio = of_average / group.quantity(lambda o: o[PRECISE][near], "error of precise ones")
            if move:
                yield Claim(f"{name}: the moving average lags.", ratio > 2, paper="lags")
            else:
                yield Claim(f"{name}: it does not.", ratio < 2, paper="equal")
        still = next(iter(found.groups().values()))
        logs = np.log(self.samples)
        slope = still.quantity(lambda o: np.polyfit(logs, np.log(o[PRECISE]), 1)[0], "slope")
        yield Claim("The error falls as one over the root of the samples.",
                    abs(slope + 0.5) < 0.1, paper="−1/2")  # fmt: skip
        enough = [k for k, number in enumerate(self.samples) if number >= 1600]
        if enough:
            worst = still.quantity(lambda o: max(o[PRECISE][k] for k in enough), "largest error")
            yield Claim("Some thousand samples suffice.", worst < 0.05, paper="10³ to 10⁴")
        unbiased = still.quantity(lambda o: o["unbiased"], "mean unbiased variance / the data's")
        yield Claim("Unbiased variances of batches of two average to the data's.",
                    all_of(unbiased > 0.97, unbiased < 1.03), paper="1")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Error of precise statistics over samples, and "
                        "of moving averages (dashed): medians over layers.")  # fmt: skip
        with drawing(figure) as axis:
            groups = found.groups()
            # Taken with the weights fixed, they are the same however the kernel has moved.
            precise = np.median([one[PRECISE] for one in next(iter(groups.values()))], 0)
            axis.plot(self.samples, precise, "o-", color="black", label=PRECISE)
            for place, (name, group) in enumerate(groups.items()):
                level = np.median([one[MOVING] for one in group])
                axis.axhline(level, ls="--", color=f"C{place}", label=f"{MOVING}, {name}")
            axis.set(xscale="log", yscale="log", xlabel="samples", ylabel="relative error")
            axis.legend(loc="upper right", bbox_to_anchor=(1, 0.93))
        yield figure
