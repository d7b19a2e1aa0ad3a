"""Qiao et al. 2019, Table 1: weight standardization beside GN, LN and BN in batches of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.tuned import TunedExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import RATE, option
from keras_norms.lab.training import Run

LARGE = 32  # examples a step of the arm that BN does well in
BN, BN_LARGE = "BN", f"BN, batch {LARGE}"


@dataclass(frozen=True, kw_only=True)
class StandardizedWeights(TunedExperiment):
    """Qiao et al. 2019, Table 1: weight standardization beside GN, LN and BN in batches of two.

    Paper      arXiv 1903.10520, ResNet-50 on ImageNet, top-1 error: weight standardization (WS)
               lowers that of GN from 24.81 to 23.72 %, that of LN from 27.22 to 24.60 %; in
               micro-batches GN with WS is as good as BN in large batches.
    Claims     In batches of two the test accuracy with GN and WS is above that with GN, with LN and
               WS above that with LN; with GN and WS it is no more than half a point below that with
               BN in batches of 32.
    Control    BN in batches of two is two points below GN: else "no power here".
    Ours       Digits of 4x4 pixels, five plain convolutions of which the last has maps of single
               values, 10 epochs. Rates chosen for each arm on a held-out part of the training set,
               by seeds of their own. Moving averages span equal numbers of examples.
    Cost       108 runs on JAX, 3 CPU minutes, half of them compilation.
    Command    KERAS_BACKEND=jax python -m benchmarks run qiao2019.weights --out results
    """

    data: str = option("digits:size=4", "data set")
    model: str = option("plain:depth=6,width=8", "model")
    batch: int = option(2, "examples a step, but for the last arm", least=1, most=LARGE - 1)
    examples: int = option(1400, "images of an epoch, by which steps are counted", least=LARGE)
    epochs: int = option(10, "of every run", least=1)
    rates: tuple[float, ...] = option((0.03, 0.1, 0.3), "at batch 32, and so in proportion", **RATE)
    arms: ClassVar = {
        "GN": "group:groups=4", "GN+WS": "ws+group:groups=4", "LN": "layer", "LN+WS": "ws+layer",
        BN: "batch", BN_LARGE: "batch",
    }  # fmt: skip

    def run(self, arm: str, rate: float) -> Run:
        batch = LARGE if arm == BN_LARGE else self.batch
        steps, spec = self.epochs * self.examples // batch, self.arms[arm]
        if spec == "batch":
            spec = f"batch:momentum={1 - 0.1 * batch / LARGE:g}"
        return Run(model=self.model, data=self.data, normalizer=spec, batch=batch, steps=steps,
                   learning_rate=rate * batch / LARGE, evaluate_every=max(1, steps // self.points),
                   keep_predictions=True)  # fmt: skip

    def claims(self, found):
        test = {arm: found[arm].final() for arm in self.arms}
        told = {"target": "ws19-table1", "control": test["GN"] - test[BN] >= 0.02}
        for arm, paper in {"GN": "23.72 | 24.81 % error", "LN": "24.60 | 27.22 % error"}.items():
            yield Claim(f"WS raises the accuracy of {arm}.", test[f"{arm}+WS"] > test[arm],
                        paper=paper, **told)  # fmt: skip
        yield Claim("In batches of two GN with WS is as accurate as BN in large ones.",
                    test["GN+WS"] - test[BN_LARGE] > -0.005, paper="as good", **told)  # fmt: skip
