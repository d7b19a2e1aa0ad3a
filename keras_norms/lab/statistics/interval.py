"""An interval with the coverage that it has, which need not be the one that was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A closed interval; infinite ends are ordered numbers like any other.

    Attributes:
        low, high: its ends.
        coverage: the probability with which such an interval holds the truth.

    Raises:
        ValueError: ends that are NaN or not in order, or a coverage that is no probability.
    """

    low: float
    high: float
    coverage: float

    def __post_init__(self) -> None:
        if not (self.low <= self.high and 0 <= self.coverage <= 1):
            raise ValueError(
                f"low={self.low}, high={self.high}, coverage={self.coverage} is no interval; "
                "write two ordered numbers and a probability"
            )

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def decides(self) -> bool:
        """Whether its coverage is high enough for a verdict."""
        return self.coverage >= CONFIDENCE


def ordered(name: str, values: Sequence[float]) -> np.ndarray:
    """The values in order.

    Raises:
        ValueError: no value, or a NaN, which has no place among ordered numbers.
    """
    found = np.sort(np.asarray(values, dtype=np.float64).ravel())
    if not len(found):
        raise ValueError(f"{name}={values!r} is empty; give one value a seed")
    if math.isnan(found[-1]):  # NaN sorts last
        places = [place for place, value in enumerate(values) if math.isnan(value)]
        raise ValueError(
            f"{name} is NaN at {places}; a run that diverged has an infinite value, never NaN"
        )
    return found


def probability(name: str, value: float) -> float:
    """A value strictly between 0 and 1, as given.

    Raises:
        ValueError: any other value.
    """
    if not 0 < value < 1:
        raise ValueError(f"Invalid {name}={value}: must lie between 0 and 1, as 0.95")
    return value
