"""Qiao et al. 2019, Table 1: weight standardization beside GN, LN and BN in batches of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmarks.small_batch import REFERENCE, SmallBatch
from benchmarks.small_batch_arms import ARMS
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import option


@dataclass(frozen=True, kw_only=True)
class Weights(SmallBatch):
    """Qiao et al. 2019, Table 1: weight standardization beside GN, LN and BN in batches of two.

    Paper      arXiv 1903.10520, ResNet-50 on ImageNet, top-1 error: weight standardization (WS)
               lowers that of GN from 24.81 to 23.72 %, that of LN from 27.22 to 24.60 %; in
               micro-batches GN with WS is as good as BN in large batches.
    Claims     In batches of two the test accuracy with GN and WS is above that with GN, with LN and
               WS above that with LN; with GN and WS it is no more than half a point below that with
               BN in batches of 32.
    Control    BN in batches of two is two points below GN: else "no power here".
    Ours       The set-up of small_batch, whose runs without WS are these.
    Cost       117 runs on JAX, 3 CPU minutes; 48 of them where small_batch is in the folder.
    Command    KERAS_BACKEND=jax python -m benchmarks run qiao2019.weights --out results
    """

    arms: ClassVar = {arm: ARMS[arm] for arm in ("BN", "GN", "LN")} | {
        f"{arm}+WS": f"ws+{ARMS[arm]}" for arm in ("GN", "LN")
    }
    compared: ClassVar = (2, REFERENCE)
    batches: tuple[int, ...] = option((2, REFERENCE), f"sizes; 2 and {REFERENCE} among them")

    def claims(self, found):
        test = {arm: found[f"{arm}, 2"].final() for arm in self.arms}
        large = found[f"BN, {REFERENCE}"].final()
        told = {"target": "ws19-table1", "control": test["GN"] - test["BN"] >= 0.02}
        for arm, paper in {"GN": "23.72 | 24.81 % error", "LN": "24.60 | 27.22 % error"}.items():
            yield Claim(f"WS raises the accuracy of {arm}.", test[f"{arm}+WS"] > test[arm],
                        paper=paper, **told)  # fmt: skip
        yield Claim("In batches of two GN with WS is as accurate as BN in large ones.",
                    test["GN+WS"] - large > -0.005, paper="as good", **told)  # fmt: skip
