"""What the paper says of its own network, which a smaller one cannot show."""

from __future__ import annotations

from collections.abc import Iterator

from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.quantity import Quantity

PAPERS = {"depth": 110, "width": 16, "examples": 50_000, "size": 32}


def at_full_size(experiment: object, highest: Quantity, plain: Quantity) -> Iterator[Claim]:
    """Claims on final test accuracies, of the paper's network on all of its images alone.

    Args:
        experiment: with its options.
        highest: with BN at the highest rate.
        plain: without BN.
    """
    if any(getattr(experiment, name) != value for name, value in PAPERS.items()):
        return
    yield Claim("ResNet-110 with BN ends at 92 to 94 %.", all_of(highest >= 0.92, highest <= 0.94),
                paper="93.2 %", target="bjorck18-full")  # fmt: skip
    yield Claim("Without BN it ends five points lower or more.", highest - plain >= 0.05,
                paper="11.2 points", target="bjorck18-nobn-full")  # fmt: skip
