"""Lubana et al. 2021: what the official code's departures from the formulas change."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.lubana2021.networks import (
    ACTIVATIONS,
    FEATURES,
    LINEAR,
    InitializationExperiment,
    answer,
    cfg,
    group_of,
)
from benchmarks.lubana2021.training import CODE
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table

MOST = 0.01  # by which a cosine may change
SIZE = 4


@dataclass(frozen=True, kw_only=True)
class OfficialCode(InitializationExperiment):
    """Lubana et al. 2021: what the official code's departures from the formulas change.

    Paper      arXiv 2106.05956; the code divides the variance of a group by n - 1, learns the
               epsilon of FRN from 1e-5 on, and starts BN's moving mean at 1.
    Claims     At initialization no departure changes the cosine similarity by more than 0.01, and
               BN's nothing at all, since moving statistics are of inference alone.
    Ours       cfg_20 of width 16, He weights, CIFAR-10, batch 32: the paper's form and the code's
               on the same weights and images. In training they are --code and --scaling. Of the
               EvoNorms, whose variances the code divides by n - 1 too, there is the paper's alone.
    Cost       36 networks, 40 CPU seconds on torch.
    Command    KERAS_BACKEND=torch python -m benchmarks run lubana2021.official_code --out results
    """

    seeds: int = option(6, "networks, each with its own first batch", least=1, most=10_000)
    width: int = option(16, "channels of the first stage", least=SIZE)

    def arms(self) -> dict[str, tuple[str, str]]:
        """By departure the paper's normalizer and the code's."""
        return {
            "GN": (group_of(SIZE), group_of(SIZE, "UnbiasedGroups")),
            "FRN": (ACTIVATIONS["FRN"], CODE["FRN"]),
            "BN": (ACTIVATIONS["BN"], f"{ACTIVATIONS['BN']},moving_mean_initializer=ones"),
        }

    def plan(self):
        yield {f"{name}, {form}": self.initial(cfg(20, self.width), spec, FEATURES, LINEAR)
               for name, pair in self.arms().items()
               for form, spec in zip(("paper", "code"), pair, strict=True)}  # fmt: skip

    def similarity(self, found, name: str):
        return answer(found[name], FEATURES).quantity(lambda row: row[0]["similarity"][0], "cosine")

    def gradient(self, found, name: str):
        def ratio(row) -> float:
            return row[0]["gradient"][0] / row[0]["gradient"][-2]

        return answer(found[name], LINEAR).quantity(ratio, "first / last gradient")

    def claims(self, found):
        moved = {}
        for arm in self.arms():
            paper, code = (self.similarity(found, f"{arm}, {form}") for form in ("paper", "code"))
            moved[arm] = abs(code - paper)
        yield Claim("The departures hardly change the similarity.",
                    all_of(*(one < MOST for one in moved.values())))  # fmt: skip
        yield Claim("A moving mean that starts at one changes nothing before inference.",
                    moved["BN"] <= 0)  # fmt: skip

    def tables(self, found):
        rows = [{"normalizer": arm, "form": form,
                 "cosine": shown(self.similarity(found, f"{arm}, {form}")),
                 "first / last gradient": shown(self.gradient(found, f"{arm}, {form}"))}
                for arm in self.arms() for form in ("paper", "code")]  # fmt: skip
        yield Table(f"{self.name()}-forms", pd.DataFrame(rows), "Medians over seeds.")
