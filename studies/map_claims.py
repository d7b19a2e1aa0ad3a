"""What the map claims of the family that has enough seeds for verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from keras_norms.lab.claim import Claim
from keras_norms.lab.edges.slope import by_seed
from keras_norms.lab.inequality import all_of
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.map_rows import Row
from keras_norms.lab.report.map_tables import WORDS

NORMALIZED = ("batch", "layer", "rms", "group")
FLAT = -0.3


def depth_claims(arms: Mapping[str, Sequence[Row]]) -> Iterator[Claim]:
    """On how edges move with depth; none where a normalizer has one depth alone."""
    if not {"none", *NORMALIZED} <= {arm for arm, rows in arms.items() if len(rows) > 1}:
        return
    blow_up, trains = (
        {arm: exponent(arm, rows, edge) for arm, rows in arms.items()}
        for edge in ("blow_up", "alive")
    )
    yield Claim("With activations normalized the blow-up edge does not fall with depth.",
                all_of(*(blow_up[arm] > FLAT for arm in NORMALIZED)))  # fmt: skip
    yield Claim("Without a normalizer it falls.", blow_up["none"] < FLAT)
    yield Claim("The largest rate that trains falls faster than 1 / depth either way.",
                all_of(*(trains[arm] < -1 for arm in ("none", *NORMALIZED))))  # fmt: skip


def exponent(arm: str, rows: Sequence[Row], edge: str) -> Quantity:
    """The slope over depth of each seed's edge."""
    values = by_seed([row.depth for row in rows], [row.cell.edge(edge) for row in rows])
    seeds = list(rows[0].cell.seeds)
    own = {seeds[place]: value for place, value in values.items()}
    return Quantity(f"exponent of depth, {WORDS[edge]} ({arm})", own)
