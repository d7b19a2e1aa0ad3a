"""Lubana et al. 2021, claim (ii): stable rank against sqrt(width / group size)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.bjorck2018.reading import shown
from benchmarks.lubana2021.fits import spearman
from benchmarks.lubana2021.networks import FEATURES, InitializationExperiment, answer, group_of
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.figures import Figure, colour, drawing
from keras_norms.lab.report.tables import Table, number

SHADES = ("batch", "layer", "none", "instance")
MARKS = ("o", "s", "^", "D")


@dataclass(frozen=True, kw_only=True)
class RankByWidth(InitializationExperiment):
    """Lubana et al. 2021, claim (ii): stable rank against sqrt(width / group size).

    Paper      arXiv 2106.05956: with group normalization the rank of the penultimate activations is
               at least of the order of sqrt(width / group size).
    Claims     Over all widths and group sizes of one seed the stable rank of the Gram matrix goes
               with width / group size (Spearman above 0.9).
    Ours       Perceptrons of 20 layers, He weights, CIFAR-10 at 8x8 pixels, batch 32. The table has
               the exponent of width / group size too; a stable rank is at most the rank, so the
               bound itself is not tested by it.
    Cost       120 networks, 40 CPU seconds on torch.
    Command    KERAS_BACKEND=torch python -m benchmarks run lubana2021.rank_by_width --out results
    """

    depth: int = option(20, "hidden layers", least=2)
    widths: tuple[int, ...] = option((32, 128, 512), "units a layer", least=2)
    group_sizes: tuple[int, ...] = option((2, 8, 32, 128, 512), "units a group", least=2)
    size: int = option(8, "pixels of a side", least=1)

    def cells(self) -> dict[str, tuple[int, int]]:
        """Width and group size, by name."""
        pairs = [(w, g) for w in sorted(self.widths) for g in sorted(self.group_sizes) if g <= w]
        return {f"width {width}, groups of {size}": (width, size) for width, size in pairs}

    def plan(self):
        if len(cells := self.cells()) < 3:
            raise self.invalid("group_sizes", "write three or more, none larger than all widths")
        yield {name: self.initial(f"mlp:depth={self.depth},width={width}", group_of(size), FEATURES)
               for name, (width, size) in cells.items()}  # fmt: skip

    def ranks(self, found, name: str) -> Quantity:
        return answer(found[name], FEATURES).quantity(lambda row: row[0]["rank"][0], "stable rank")

    def over_cells(self, found, measure, formula: str) -> Quantity:
        """A number of each seed's ranks by width / group size."""
        ratios = [width / size for width, size in self.cells().values()]
        every = {name: self.ranks(found, name).values for name in self.cells()}
        return Quantity(formula, {seed: measure(ratios, [every[name][seed] for name in every])
                                  for seed in self.seed_range()})  # fmt: skip

    def claims(self, found):
        yield Claim("The stable rank rises with width / group size.",
                    self.over_cells(found, spearman, "Spearman(width / size, rank)") > 0.9,
                    paper="at least sqrt(width / size)", target="lubana21-rank")  # fmt: skip

    def tables(self, found):
        rows = [{"network": name, "width / size": number(w / g),
                 "stable rank": shown(self.ranks(found, name))}
                for name, (w, g) in self.cells().items()]  # fmt: skip
        power = self.over_cells(found, exponent, "exponent")
        yield Table(f"{self.name()}-ranks", pd.DataFrame(rows), "Medians over seeds. The rank goes "
                    f"with (width / size) to the power {shown(power)}.")  # fmt: skip

    def figures(self, found):
        figure = Figure(self.name(), found.folder, "Stable rank of the penultimate activations by "
                        "width / group size; points: seeds, lines: medians.")  # fmt: skip
        with drawing(figure) as axis:
            for k, width in enumerate(sorted(self.widths)):
                own = {w / g: [*self.ranks(found, name).values.values()]
                       for name, (w, g) in self.cells().items() if w == width}  # fmt: skip
                shade, mark = colour(SHADES[k % len(SHADES)]), MARKS[k % len(MARKS)]
                for ratio, values in own.items():
                    axis.plot([ratio] * len(values), values, mark, ms=3, alpha=0.4, color=shade)
                axis.plot([*own], [np.median(values) for values in own.values()], mark + "-",
                          color=shade, label=f"width {width}")  # fmt: skip
            axis.set(xscale="log", xlabel="width / group size", ylabel="stable rank")
            axis.legend()
        yield figure


def exponent(ratios, ranks) -> float:
    """The slope of log rank over log ratio."""
    return float(np.polyfit(np.log(ratios), np.log(ranks), 1)[0])
