"""How far the layers are from float64, beside Keras's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.speed.cells import MAIN
from keras_norms.lab.experiment import Plan
from keras_norms.lab.found import Found
from keras_norms.lab.inequality import all_of
from keras_norms.lab.machine import MachineExperiment, slug
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table
from keras_norms.lab.target import Target, counted
from keras_norms.lab.timings import by_machine, measured
from keras_norms.lab.walk import Recorded

FUNCTION = "benchmarks.speed.float64.errors"
LIMIT = 2e-5
COLUMNS = ["backend", "machine", "name", "seed", "deviation", "mean", "whose", "mode", "y", "dx"]
FARTHEST = 1e4  # mean over standard deviation, up to where the limit must hold


@dataclass(frozen=True, kw_only=True)
class Accuracy(MachineExperiment):
    """Errors of a float32 pass against float64, beside Keras's layers.

    Question   How many digits of the output and of the input gradient are right?
    Inputs     Normal, of three standard deviations around five means; a normal output gradient;
               gamma 1 and beta 0; drawn with each of the seeds.
    Errors     Root mean square error of the output and of the input gradient, over the root mean
               square of their float64 values; medians over seeds, `y / dx`.
    Target     At most 2e-5 wherever the mean is at most 1e4 standard deviations: the largest error
               of a seed counts. Beyond, where float32 inputs themselves keep few digits of the
               standard deviation, it is shown and not judged (marked by *).
    Cost       2 minutes a backend.
    Command    KERAS_BACKEND=jax python -m benchmarks run speed.accuracy --out results
    """

    seeds: int = option(9, "seeds of the inputs", least=1, most=1000, quick=6)
    shape: tuple[int, ...] = option((64, 16, 16, 32), "batch, height, width, channels", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.shape) != 4 or self.shape[-1] % 8:
            raise self.invalid("shape", "write four sizes, channels a multiple of 8")

    def plan(self) -> Plan:
        given = {"shape": list(self.shape), "seeds": self.seeds}
        jobs = [self.job(FUNCTION, {**given, "name": name}) for name in MAIN]
        yield {"layers": jobs, "measured": Recorded(FUNCTION)}

    def claims(self, found: Found) -> Iterator[Target]:
        frame = _frame(found)
        ours = frame[(frame["whose"] == "ours") & frame["judged"]]
        for (backend, name), part in ours.groupby(["backend", "name"], sort=False):
            parts = []
            for mode, rows in part.groupby("mode"):
                worst = rows.groupby("seed")[["y", "dx"]].max().max(axis=1)
                parts.append(Quantity(f"largest error ({backend} {mode})", dict(worst)) <= LIMIT)
            said = f"{backend}: {name} is within {LIMIT:g} of float64."
            yield Target(said, parts[0] if len(parts) == 1 else all_of(*parts))

    def summary(self, found: Found) -> Iterable[str]:
        yield counted(list(self.claims(found)))

    def tables(self, found: Found) -> Iterator[Table]:
        for machine, frame in _frame(found).groupby("machine", sort=False):
            caption = f"{machine}: float32 against float64, y / dx. *: not judged."
            shown = pd.DataFrame(_rows(frame))
            yield Table(f"speed-accuracy-{slug(machine)}", shown, caption, frame)


def _frame(found: Found) -> pd.DataFrame:
    """All errors, a row each."""
    every = by_machine(measured(found["measured"])).values()
    rows = [
        {"backend": one.backend, "machine": one.cell["machine"], "name": one.cell["name"], **row}
        for part in every
        for one in part
        for row in one.found
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(judged=frame["mean"] <= FARTHEST * frame["deviation"])


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    about = ["backend", "name", "mode", "whose", "deviation"]
    for values, part in frame.groupby(about, sort=False):
        line = dict(zip(about, values, strict=True)) | {"deviation": f"{values[-1]:g}"}
        for mean, same in part.groupby("mean"):
            y, dx = (_short(np.median(same[which])) for which in ("y", "dx"))
            line[f"mean {mean:g}"] = f"{y} / {dx}" + " *" * (not same["judged"].all())
        yield line


def _short(error: float) -> str:
    return f"{error:.0e}" if error < 1e100 else "not finite"
