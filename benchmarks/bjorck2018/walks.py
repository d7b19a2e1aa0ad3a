"""What is read off a walk along the gradient, all of it within the steps that were tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def diverging_step(rows: Rows, batch: int) -> float:
    """The smallest step after which the loss is a thousand times its start.

    The largest step tried where none does so; the smallest where the loss is not finite before.

    Args:
        rows: what the probe "ray" answered.
        batch: a mini-batch that it looked at, counted from 1.
    """
    row = _look(rows, batch)
    return rows[0]["alpha"][0] if row is None else min(row["diverges_at"], row["alpha"][-1])


def lowest_step(rows: Rows, batch: int) -> float:
    """The step after which the loss is lowest; the smallest where it is not finite before."""
    row = _look(rows, batch)
    return rows[0]["alpha"][0] if row is None else row["lowest_at"]


def _look(rows: Rows, batch: int) -> Mapping[str, Any] | None:
    """None where the network was gone by then."""
    found = next((row for row in rows if row["step"] == batch - 1), None)
    return found if found is not None and math.isfinite(found["first"]) else None
