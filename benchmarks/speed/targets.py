"""What the library is held to on a CPU, and whether what was measured holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from benchmarks.speed.cells import BACKWARD, LAYER, MAIN, NETWORK, SHAPES, STEP
from benchmarks.speed.layers import KERAS, OURS
from benchmarks.speed.results import place
from keras_norms.lab.report.tables import Table, number

CLOSE = 1.05  # what every layer with a counterpart of Keras's must keep to on JAX and torch
# (backend, mode) -> normalizer -> the largest ratio of ours to Keras's, forward and backward
LAYERS = {
    ("tensorflow", "graph"): {
        "batch": 0.4,
        "group": 0.6,
        "instance": 0.9,
        "layer": 0.7,
        "rms": 0.9,
    },
    ("tensorflow", "XLA"): dict.fromkeys(MAIN, 0.7),
    ("jax", "jit"): {"group": 0.6, "instance": 0.6},
    ("torch", "eager"): {"batch": 0.2, "group": 0.2, "instance": 0.2, "layer": 1.2},
}
CLOSE_ON = {("jax", "jit"), ("torch", "eager")}
# (backend, mode) -> the largest ratio of a step of the 8-convolution net to one without normalizer
NETWORKS = {
    ("tensorflow", "graph"): 1.06,
    ("tensorflow", "XLA"): 1.06,
    ("jax", "jit"): 1.06,
    ("torch", "eager"): 1.12,
}
NORMALIZED = ("batch", "group", "layer", "layer over channels")


@dataclass(frozen=True)
class Target:
    """`ratio <= limit`: the median over rounds, with its quartiles.

    Attributes:
        name: the normalizer; `place` the backend and mode.
    """

    claim: str
    name: str
    place: str
    of_layer: bool
    limit: float
    ratio: float
    low: float
    high: float

    @property
    def reached(self) -> bool:
        return self.ratio <= self.limit

    @property
    def verdict(self) -> str:
        return "reached" if self.reached else "not reached"

    @property
    def here(self) -> str:
        return f"{self.ratio:.2f} [{self.low:.2f}, {self.high:.2f}]"


def targets(frame: pd.DataFrame) -> list[Target]:
    """Of everything in the frame that has one."""
    timed = frame[(frame["quantity"] == "seconds") & (frame["device"] == "cpu")]
    return [*_of_layers(timed), *_of_networks(timed)]


def _of_layers(timed: pd.DataFrame) -> Iterator[Target]:
    held = timed[
        (timed["subject"] == LAYER)
        & (timed["work"] == BACKWARD)
        & (timed["shape"] == SHAPES[0])
        & (timed["dtype"] == "float32")
        & (timed["side"] == OURS)
        & timed["over_keras"].notna()
    ]
    for _, row in held.iterrows():
        at = row["backend"], row["mode"]
        limit = LAYERS.get(at, {}).get(row["name"], CLOSE if at in CLOSE_ON else None)
        if limit is not None:
            claim = f"{place(row)}: {row['name']} takes at most {limit:g} of {KERAS}'s time"
            ratio = (row["over_keras" + end] for end in ("", "_q25", "_q75"))
            yield Target(claim, row["name"], place(row), True, limit, *ratio)


def _of_networks(timed: pd.DataFrame) -> Iterator[Target]:
    held = timed[
        (timed["subject"] == NETWORK)
        & (timed["work"] == STEP)
        & (timed["name"] == "conv8")
        & timed["side"].isin(NORMALIZED)
    ]
    for _, row in held.iterrows():
        limit = NETWORKS[row["backend"], row["mode"]]
        said = f"a step of conv8 with {row['side']} takes at most {limit:g} of one without"
        ratio = (row["over_none" + end] for end in ("", "_q25", "_q75"))
        yield Target(f"{place(row)}: {said}", row["side"], place(row), False, limit, *ratio)


def targets_table(found: list[Target]) -> Table:
    rows = [
        {
            "claim": target.claim,
            "limit": number(target.limit),
            "here": target.here,
            "verdict": target.verdict,
        }
        for target in found
    ]
    caption = (
        f"What the library is held to on two CPU cores, float32; layers forward and backward on "
        f"{SHAPES[0]}: the median over rounds of the paired ratio, with its quartiles."
    )
    return Table("speed-targets", pd.DataFrame(rows), caption)
