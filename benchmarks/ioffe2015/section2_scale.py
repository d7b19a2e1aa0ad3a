"""Ioffe & Szegedy 2015, Section 2: normalization that the gradient does not know of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from benchmarks.ioffe2015.networks import BATCH
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.training import Run

PROBE = "@benchmarks.ioffe2015.probes.kernel_norm"
STARTS = {"N(0, 0.05²)": ",deviation=0.05", "He": ""}
WAYS = {"statistics as constants": f"{BATCH},statistics_gradient=false", "full gradient": BATCH}
CONSTANT, FULL = WAYS


@dataclass(frozen=True, kw_only=True)
class Scale(Experiment):
    """Ioffe & Szegedy 2015, Section 2: statistics outside the gradient.

    Paper      arXiv 1502.03167, Section 2: in the authors' first experiments, where the statistics
               were computed outside the gradient step, the model blew up when it scaled as well.
    Claims     The norm of the normalized kernels ends more than five times higher than with the
               full gradient, or the network diverges.
    Ours       MLP of 2 x 32 ReLU on digits, batch normalization before each activation, plain SGD
               at 0.1, batches of 60. `statistics_gradient=False` treats mean and standard deviation
               as constants. Both arms of a seed start at the same kernels.
    Steps      1,000. The ratio grows with the steps, ever more slowly as the loss and with it the
               gradient vanish, so that the claim belongs to their number.
    Finding    It depends on the start. With kernels of N(0, 0.05^2), small as in the paper's
               Section 4.1, the full gradient leaves them small and the ignorant step does not;
               He's kernels are already large, and end as long as those. Both are shown.
    Cost       36 runs, 2 CPU minutes.
    Command    python -m benchmarks run ioffe2015.scale --out results
    """

    data: str = option("digits", "data set")
    steps: int = option(1000, "steps a run", least=1)
    batch: int = option(60, "examples a step", least=1)
    rate: float = option(0.1, "learning rate", **RATE)

    def run(self, model: str, normalizer: str) -> Run:
        return Run(
            data=self.data,
            model=f"mlp:depth=2,width=32{model}",
            normalizer=normalizer,
            batch=self.batch,
            steps=self.steps,
            evaluate_every=max(1, self.steps // 50),
            learning_rate=self.rate,
            probes=(PROBE,),
        )

    def plan(self):
        yield {
            f"{start}, {way}": self.paired(self.run(model, normalizer))
            for start, model in STARTS.items()
            for way, normalizer in WAYS.items()
        }

    def claims(self, found):
        for start in STARTS:
            grown, full = (
                found[f"{start}, {way}"].quantity(measure, "norm of the kernels")
                for way, measure in ((CONSTANT, norm_or_blown), (FULL, norm))
            )
            sentence = f"Statistics outside the gradient let the weights grow (start: {start})."
            yield Claim(sentence, grown / full > 5, paper="blew up", target="ioffe15-sec2-scale")

    def figures(self, found):
        caption = (
            "The norm of the hidden kernels over steps, where mean and standard deviation are "
            "constants to the gradient (solid) and where they are not (dashed): medians over seeds."
        )
        figure = Figure(self.name().replace(".", "-"), found.folder, caption)
        with drawing(figure) as axes:
            for start, colour in zip(STARTS, ("#d55e00", "#0072b2"), strict=True):
                for way, dashes in zip(WAYS, ("-", "--"), strict=True):
                    label = f"{start}, {way}"
                    norms = middle(found[label])
                    axes.plot(norms.index, norms, dashes, color=colour, label=label)
            axes.set(xlabel="training steps (mini-batches)", ylabel="norm of the kernels")
            axes.set(xlim=0, ylim=0)
            axes.set_title("Weights under normalization")
            axes.figure.legend(loc="outside lower center", ncols=2)
        yield figure


def norm(outcome) -> float:
    return outcome.probed[PROBE][-1]["norm"]


def norm_or_blown(outcome) -> float:
    return math.inf if outcome.verdict.blown else norm(outcome)


def middle(group) -> pd.Series:
    """The norm by step: medians over the seeds that came so far."""
    rows = pd.DataFrame([row for outcome in group for row in outcome.probed[PROBE]])
    return rows.groupby("step")["norm"].median()
