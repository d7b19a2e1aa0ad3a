"""Zhang & Sennrich 2019, Section 6: RMSNorm learns as well as layer normalization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.training import Run

LN, RMS, DYT, NONE = "LN", "RMSNorm", "DyT", "none"


@dataclass(frozen=True, kw_only=True)
class Accuracy(TunedExperiment):
    """Zhang & Sennrich 2019, Section 6: RMSNorm learns as well as layer normalization.

    Paper      "Root Mean Square Layer Normalization", arXiv 1910.07467: in translation, reading,
               retrieval and images RMSNorm ends as layer normalization does, in 7 to 64 % less
               time.
    Claims     The test losses with RMSNorm and with LN are within three per cent of each other, and
               so are the test accuracies within a point.
    Control    Another substitute, Dynamic Tanh, ends at a loss three per cent or more above LN's:
               else "no power here". What no normalizer at all does is in the table.
    Ours       A character transformer of two pre-norm blocks, width 32, on 200,000 characters of
               Python's documentation in pieces of 32; Adam, batches of 16, 400 steps. Rates chosen
               for each arm on a held-out part of the text, by seeds of their own. What the layer
               costs is measured by speed.layers.
    Cost       48 runs, 3 CPU minutes.
    Command    python -m benchmarks run zhang2019rms.accuracy --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    rates: tuple[float, ...] = option((3e-3, 1e-2), "tried for each arm", **RATE)
    data: str = option("docs:context=32,characters=200000", "text")
    model: str = option("char_transformer:depth=2,width=32", "model")
    batch: int = option(16, "pieces a step", least=1)
    steps: int = option(400, "of each run", least=1)
    points: int = option(10, "evaluations of a run", least=1)
    arms: ClassVar = {LN: "layer", RMS: "rms", DYT: "dynamic_tanh", NONE: "none"}

    def run(self, arm: str, rate: float) -> Run:
        return Run(model=self.model, data=self.data, normalizer=self.arms[arm], learning_rate=rate,
                   optimizer="adam", batch=self.batch, steps=self.steps,
                   evaluate_every=max(1, self.steps // self.points))  # fmt: skip

    def claims(self, found):
        loss = {arm: found[arm].final("test_loss") for arm in self.arms}
        test = {arm: found[arm].final() for arm in self.arms}
        apart = loss[RMS] / loss[LN]
        target = {"target": "rmsnorm19-eq", "control": loss[DYT] / loss[LN] >= 1.03}
        yield Claim("RMSNorm ends at LN's loss.", all_of(apart > 0.97, apart < 1.03),
                    paper="equal", **target)  # fmt: skip
        yield Claim("It is as accurate.", abs(test[RMS] - test[LN]) < 0.01, paper="equal",
                    **target)  # fmt: skip
