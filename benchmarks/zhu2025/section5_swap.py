"""Zhu et al. 2025, Section 5: layer normalization exchanged for Dynamic Tanh in a small ViT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import RATE, option
from keras_norms.lab.training import Run

LN, DYT, NONE = "LN", "DyT", "none"


@dataclass(frozen=True, kw_only=True)
class Swap(TunedExperiment):
    """Zhu et al. 2025, Section 5: layer normalization exchanged for Dynamic Tanh in a small ViT.

    Paper      "Transformers without Normalization", arXiv 2503.10622: ViT-B on ImageNet reaches
               82.3 % with layer normalization and 82.5 % with Dynamic Tanh (DyT); without either it
               trains worse or not at all.
    Claims     The test accuracies with LN and with DyT are within two points; without either it is
               lower than both.
    Ours       A ViT of two blocks, width 32, patches of 2x2 pixels, on digits of 8x8; Adam, batches
               of 32, 400 steps. Rates chosen for each arm on a held-out part of the training set,
               by seeds of their own.
    Cost       45 runs, 3 CPU minutes.
    Command    python -m benchmarks run zhu2025.swap --out results
    """

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    rates: tuple[float, ...] = option((1e-3, 3e-3, 1e-2), "tried for each arm", **RATE)
    model: str = option("vit:depth=2,width=32,patch=2", "model")
    batch: int = option(32, "examples a step", least=1)
    steps: int = option(400, "of each run", least=1)
    points: int = option(10, "evaluations of a run", least=1)
    arms: ClassVar = {LN: "layer", DYT: "dynamic_tanh", NONE: "none"}

    def run(self, arm: str, rate: float) -> Run:
        return Run(model=self.model, normalizer=self.arms[arm], learning_rate=rate,
                   optimizer="adam", batch=self.batch, steps=self.steps,
                   evaluate_every=max(1, self.steps // self.points),
                   keep_predictions=True)  # fmt: skip

    def claims(self, found):
        test = {arm: found[arm].final() for arm in self.arms}
        target = {"target": "dyt25-swap"}
        yield Claim("DyT is as accurate as LN.", abs(test[DYT] - test[LN]) < 0.02,
                    paper="0.2 points", **target)  # fmt: skip
        yield Claim("Without either the network is worse.",
                    all_of(test[NONE] < test[LN], test[NONE] < test[DYT]), paper="worse",
                    **target)  # fmt: skip
