"""The rows of the tables about layers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchmarks.speed.cells import (
    AGAIN,
    BACKWARD,
    DTYPES,
    FLOOR,
    FORWARD,
    KERAS,
    NATIVE,
    OURS,
    SHAPES,
    sizes,
)
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import number
from keras_norms.lab.timings import Measured

WIDTHS = {"float32": 4, "bfloat16": 2}  # bytes
COLUMNS = {"ours": OURS, "Keras": KERAS, "native": NATIVE, "copy": FLOOR}


def at_main(found: Sequence[Measured]) -> list[Measured]:
    """Forward and backward on the first shape that there is, in the first precision."""
    kept = [one for one in found if one.cell["work"] == BACKWARD]
    for column, order in (("shape", SHAPES), ("dtype", DTYPES)):
        there = [one.cell[column] for one in kept]
        chosen = ([value for value in order if value in there] or there)[:1]
        kept = [one for one in kept if one.cell[column] in chosen]
    return kept


def main_rows(found: Sequence[Measured]) -> Iterator[dict[str, str]]:
    """A line each normalizer and place."""
    for one in at_main(found):
        yield {
            "normalizer": one.cell["name"],
            "on": one.place,
            "shape": f"{one.cell['shape']} {one.cell['dtype']}",
            "ms": one.ms(OURS),
            "over Keras": one.ratio_text(OURS, KERAS),
            "over native": one.ratio_text(OURS, NATIVE),
            "over floor": one.ratio_text(OURS, FLOOR),
            "control": one.ratio_text(AGAIN, OURS),
            "first call, s": number(one.found["first call"][OURS]),
        }


def shape_rows(found: Sequence[Measured]) -> Iterator[dict[str, str]]:
    """A line each normalizer, place and work; a column each shape and precision."""
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for one in found:
        about = one.cell["name"], one.place, one.cell["work"]
        line = lines.setdefault(about, dict(zip(("normalizer", "on", "work"), about, strict=True)))
        ratio = one.ratio(OURS, KERAS)
        beside = "" if ratio is None else f" ({ratio.estimate:.2f})"
        line[f"{one.cell['shape']} {one.cell['dtype']}"] = one.ms(OURS) + beside
    yield from lines.values()


def bandwidth_rows(found: Sequence[Measured]) -> Iterator[dict[str, str]]:
    """A line each normalizer, shape and precision: GB/s of the forward pass, beside the copy's.

    Counted is what a pass has to move at least: its inputs once and its outputs once. The floor
    does no more, and is the copy that is measured. Only a GPU's time is that of the pass.
    """
    for one in found:
        if one.cell["work"] == FORWARD and one.on_gpu:
            moved = 2 * math.prod(sizes(one.cell["shape"])) * WIDTHS[one.cell["dtype"]]
            rates = {
                side: moved / 1e9 / Quantity(side, dict(enumerate(seconds))).estimate
                for side, seconds in one.found["seconds"].items()
            }
            said = {name: number(rates.get(side)) for name, side in COLUMNS.items()}
            line = {"normalizer": one.cell["name"], "on": one.place}
            line["shape"] = f"{one.cell['shape']} {one.cell['dtype']}"
            yield line | said | {"of the copy": f"{rates[OURS] / rates[FLOOR]:.0%}"}
