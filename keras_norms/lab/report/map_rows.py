"""What the pages of a map are made from: its cells, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keras_norms.lab.edges.cell import Cell
from keras_norms.lab.edges.slope import Slope, slope


@dataclass(frozen=True)
class Row:
    """Attributes:
    family: architecture and optimizer, in words.
    arm: what of it is compared: a normalizer, or where it stands.
    depth: of the network.
    cell: what its runs say.
    """

    family: str
    arm: str
    depth: int
    cell: Cell


def by_family(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """The rows of each family and arm, by depth."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in sorted(rows, key=lambda row: row.depth):
        found.setdefault(row.family, {}).setdefault(row.arm, []).append(row)
    # As the map has them, not as the shallowest cells happen to come.
    families = dict.fromkeys(row.family for row in rows)
    arms = dict.fromkeys(row.arm for row in rows)
    return {f: {arm: found[f][arm] for arm in arms if arm in found[f]} for f in families}


def slope_of(rows: Sequence[Row], edge: str) -> Slope:
    """That of one arm of a family."""
    return slope([row.depth for row in rows], [row.cell.edge(edge) for row in rows])
