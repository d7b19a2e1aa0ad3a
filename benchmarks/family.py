"""Does every normalizer train?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from keras_norms.lab.backend import backend
from keras_norms.lab.errors import BadOption
from keras_norms.lab.experiment import Experiment, Plan
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.target import Target, counted

ENDS = 10  # steps at either end whose mean is compared
MAIN = ("none", "batch", "group", "layer", "instance", "rms")


@dataclass(frozen=True, kw_only=True)
class Family(Experiment):
    """Every registered normalizer in a small residual network, trained by `model.fit`.

    Set-up     ResNet-8 with stages of 8, 16 and 32 channels on the digits, SGD with momentum 0.9 at
               a learning rate of 0.02, batches of 64, cross-entropy; each normalizer as
               `benchmarks/specs.py` has it.
    Target     The mean loss of the last ten steps is below that of the first ten.
    Cost       20 CPU minutes a backend; quick: six normalizers.
    Command    KERAS_BACKEND=jax python -m benchmarks run family --out results
    """

    seeds: int = option(6, "seeds of weights and batches", least=1, most=1000)
    steps: int = option(100, "of each run", least=2 * ENDS, most=100_000)
    names: tuple[str, ...] = option(("all",), "normalizers", quick=MAIN)
    backend: str = option("", "Keras backend; the running one where none is named")

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        made, known = super().at(preset, given), _every()
        for name in made.names:
            if name not in (*known, "all"):
                raise BadOption("names", name, f"write some of {', '.join(known)}")
        names = tuple(known) if "all" in made.names else made.names
        return replace(made, names=names, backend=made.backend or backend())

    def plan(self) -> Plan:
        names = tuple(_every()) if "all" in self.names else self.names
        yield {name: self.paired(self.training(name)) for name in names}

    def training(self, name: str) -> Computation:
        from benchmarks.specs import fitting

        given = {"spec": fitting(name), "steps": self.steps}
        chosen = self.backend or backend()
        return Computation("benchmarks.fit_losses.losses", given, backend=chosen, seed=0)

    def claims(self, found: Found) -> Iterator[Target]:
        for name in found:
            first, last = ends(found, name)
            yield Target(f"{name}: the loss falls.", last - first < 0)

    def summary(self, found: Found) -> Iterable[str]:
        yield f"{counted(list(self.claims(found)))} Backend: {self.backend}."

    def tables(self, found: Found) -> Iterator[Table]:
        rows = []
        for name in found:
            first, last = ends(found, name)
            spec = found[name].jobs[0].arguments["spec"]
            low, high = last.range
            row = {"normalizer": name, "spec": spec, "first loss": number(first.estimate)}
            rows.append(row | {"last loss": number(last.estimate), "lowest": number(low)})
            rows[-1]["highest"] = number(high)
        caption = f"Mean loss of the first and last {ENDS} steps: median and range over seeds."
        yield Table(f"family-{self.backend}", pd.DataFrame(rows), caption)


def ends(found: Found, name: str) -> tuple[Quantity, Quantity]:
    """The mean loss of the first and of the last steps."""
    group = found[name]
    first = group.quantity(lambda losses: np.mean(losses[:ENDS]), "first loss")
    return first, group.quantity(lambda losses: np.mean(losses[-ENDS:]), "last loss")


def _every() -> dict[str, str]:
    from benchmarks.specs import every

    return every()
