"""Timings as they are read: sides, paired ratios with their exact intervals, a table a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from keras_norms.lab.found import Group
from keras_norms.lab.machine import slug
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table, number

REPEATS = ("rounds", "seeds")
PAIRED = "median over rounds of the paired ratio with its exact 95 % interval"


@dataclass(frozen=True)
class Measured:
    """What was measured at once.

    Attributes:
        backend: Keras's.
        cell: the arguments of the measurement, "machine" among them.
        found: what it returned.
    """

    backend: str
    cell: Mapping[str, Any]
    found: Mapping[str, Any]

    @property
    def place(self) -> str:
        """The backend and mode as they are read: "TensorFlow graph"."""
        mode = self.cell.get("mode", "")
        names = {"tensorflow": f"TensorFlow {mode}".strip(), "jax": "JAX", "torch": "torch"}
        return names[self.backend] + " (GPU)" * self.on_gpu

    @property
    def on_gpu(self) -> bool:
        return self.cell["machine"].startswith("gpu")

    @property
    def repeats(self) -> int:
        return max(self.cell.get(name, 0) for name in REPEATS)

    def ms(self, side: str) -> str:
        """Milliseconds, the median over rounds."""
        return number(1e3 * Quantity(side, dict(enumerate(self.found["seconds"][side]))).estimate)

    def ratio(self, side: str, over: str, formula: str = "") -> Quantity | None:
        """Time over time, paired by round; None where a side was not measured."""
        seconds = self.found["seconds"]
        if not {side, over} <= seconds.keys():
            return None
        pairs = enumerate(zip(seconds[side], seconds[over], strict=True))
        return Quantity(formula or f"{side} / {over}", {turn: a / b for turn, (a, b) in pairs})

    def ratio_text(self, side: str, over: str) -> str:
        return text(self.ratio(side, over))


def measured(group: Group) -> list[Measured]:
    """The outcomes with what was measured.

    Of measurements that differ by their rounds or seeds alone the one with the most.
    """
    kept: dict[str, Measured] = {}
    for job, outcome in zip(group.jobs, group, strict=True):
        one = Measured(job.backend, job.arguments, outcome)
        about = repr((job.backend, sorted((k, v) for k, v in one.cell.items() if k not in REPEATS)))
        if about not in kept or one.repeats > kept[about].repeats:
            kept[about] = one
    return list(kept.values())


def by_machine(found: Iterable[Measured]) -> dict[str, list[Measured]]:
    """The machines in alphabetical order."""
    parts: dict[str, list[Measured]] = {}
    for one in found:
        parts.setdefault(one.cell["machine"], []).append(one)
    return dict(sorted(parts.items()))


def text(ratio: Quantity | None) -> str:
    """ "0.31 [0.30, 0.32]": the estimate with its interval."""
    if ratio is None:
        return "–"
    said = f"{ratio.estimate:.2f} [{ratio.interval.low:.2f}, {ratio.interval.high:.2f}]"
    return said.replace("-", "−")


def tables(
    name: str,
    caption: str,
    found: Iterable[Measured],
    rows: Callable[[Sequence[Measured]], Iterable[Mapping[str, str]]],
) -> Iterable[Table]:
    """A table a machine that was measured, all observations in its CSV."""
    for machine, part in by_machine(found).items():
        frame = pd.DataFrame(rows(part)).fillna("–")
        if len(frame):
            said = f"{machine}: {caption}"
            yield Table(f"{name}-{slug(machine)}", frame, said, observations(part))


def observations(found: Iterable[Measured]) -> pd.DataFrame:
    """One number a row: what was measured, the quantity, the side and the round."""
    return pd.DataFrame(
        {"backend": one.backend, **one.cell, "quantity": quantity, "side": side}
        | {"round": turn, "value": value}
        for one in found
        for quantity, sides in one.found.items()
        for side, values in sides.items()
        for turn, value in enumerate(values if isinstance(values, list) else [values])
    )
