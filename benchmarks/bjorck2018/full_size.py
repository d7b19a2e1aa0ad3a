"""What the paper says of its own network, which a smaller one cannot show."""

from __future__ import annotations

from collections.abc import Iterator

from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.quantity import Quantity

PAPERS_DEPTH = 110


def at_full_size(depth: int, highest: Quantity, plain: Quantity) -> Iterator[Claim]:
    """Claims on final test accuracies, of a network as deep as the paper's alone.

    Args:
        depth: of the network.
        highest: with BN at the highest rate.
        plain: without BN.
    """
    if depth != PAPERS_DEPTH:
        return
    yield Claim("ResNet-110 with BN ends at 92 to 94 %.", all_of(highest >= 0.92, highest <= 0.94),
                paper="93.2 %", target="bjorck18-full")  # fmt: skip
    yield Claim("Without BN it ends five points lower or more.", highest - plain >= 0.05,
                paper="11.2 points", target="bjorck18-nobn-full")  # fmt: skip
