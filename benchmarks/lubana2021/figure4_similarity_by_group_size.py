"""Lubana et al. 2021, claim (ii), Figure 4: similarity of activations by group size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.lubana2021.drawings import draw_by_size
from benchmarks.lubana2021.networks import FEATURES, GroupSizeExperiment, answer
from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.tables import Table

WORDS = {"similarity": "mean cosine of two images", "rank": "stable rank"}
LEAST = 4  # channels a group, from where on BN is to be compared
SAME = 1e-6  # what one group and layer normalization may differ by, by rounding


@dataclass(frozen=True, kw_only=True)
class SimilarityByGroupSize(GroupSizeExperiment):
    """Lubana et al. 2021, claim (ii), Figure 4: similarity of activations by group size.

    Paper      arXiv 2106.05956: larger groups make the penultimate activations of different images
               ever more similar at initialization, and training slow; batch normalization keeps
               them apart (a rank of at least the order of sqrt(width), Daneshmand et al. 2020).
    Claims     The mean cosine rises with every doubling of the group; BN's is below that of all
               groups of four or more, its stable rank above; one group is layer normalization.
    Ours       cfg_20 of width 16 (a quarter), He weights, CIFAR-10, batch 32. The flattened maps
               before the average. Sizes beyond a layer's channels are all of them.
    Cost       100 networks, 90 CPU seconds on torch, which the gradients share.
    Command    KERAS_BACKEND=torch python -m benchmarks run lubana2021.similarity_by_group_size
               --out results
    """

    def of(self, found, arm: str, what: str = "similarity"):
        rows = answer(found[arm], FEATURES)
        return rows.quantity(lambda row: row[0][what][0], WORDS[what])

    def claims(self, found):
        cosines = {arm: self.of(found, arm) for arm in self.arms()}
        target = {"target": "lubana21-cos"}
        if len(self.group_sizes) > 1:
            yield Claim("Activations are the more similar the larger the groups.",
                        all_of(*(cosines[a] < cosines[b] for a, b in pairwise(self.sizes()))),
                        **target)  # fmt: skip
        larger = [f"size {size}" for size in sorted(self.group_sizes) if size >= LEAST]
        yield Claim("With BN they are less similar than with groups of four channels or more.",
                    all_of(*(cosines["BN"] < cosines[arm] for arm in [*larger, "LN"])),
                    **target)  # fmt: skip
        ranks = {arm: self.of(found, arm, "rank") for arm in ("BN", *larger, "LN")}
        yield Claim("BN's stable rank is larger than theirs.",
                    all_of(*(ranks["BN"] > ranks[arm] for arm in [*larger, "LN"])),
                    **target)  # fmt: skip
        apart = abs(cosines["one group"] - cosines["LN"])
        yield Claim("One group is layer normalization.", apart < SAME, paper="equal", **target)

    def tables(self, found):
        rows = [{"normalizer": arm, **{words: shown(self.of(found, arm, what))
                                       for what, words in WORDS.items()}}
                for arm in self.arms()]  # fmt: skip
        yield Table(f"{self.name()}-values", pd.DataFrame(rows), "Medians over seeds.")

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Similarity and stable rank of the penultimate "
                        "activations by group size; points: seeds, lines: medians.")  # fmt: skip
        with drawing(figure, width=9.5, height=4.2, columns=2, shared=False) as axes:
            for axis, (what, words) in zip(axes, WORDS.items(), strict=True):
                values = {arm: [*self.of(found, arm, what).values.values()] for arm in self.arms()}
                draw_by_size(axis, values, self.group_sizes)
                axis.set(ylabel=words)
            axes[0].legend()
        yield figure
