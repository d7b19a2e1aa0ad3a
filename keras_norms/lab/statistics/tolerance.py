"""Tolerances between accuracies, in whole images of the test set.

A tolerance of half a point on 397 images is 1.985 images: "two images fewer" would fail by a
fiftieth of an image. So a tolerance is a number of images, and the bound that it sets lies a
quarter of an image beyond it: between all differences that two runs, or the median of several,
can have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BEYOND = 0.25  # images: medians of an even number of seeds fall on halves


@dataclass(frozen=True)
class Tolerance:
    """By how many images of a test set two accuracies may differ.

    Attributes:
        images: how many.
        of: images of the test set.

    Raises:
        ValueError: a test set without images, or a tolerance that is not between 0 and its size.
    """

    images: int
    of: int

    def __post_init__(self) -> None:
        if self.of < 1 or not 0 <= self.images <= self.of:
            raise ValueError(
                f"Invalid images={self.images} of={self.of}: must be 0 <= images <= of, "
                "of at least 1"
            )

    @classmethod
    def at_least(cls, share: float, of: int) -> Tolerance:
        """The smallest whole number of images that is `share` of the test set or more.

        Args:
            share: of the test set, 0.005 for half a point.
            of: images of the test set.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"Invalid share={share}: must lie between 0 and 1, as 0.005")
        return cls(math.ceil(share * of - 1e-9), of)

    @property
    def share(self) -> float:
        """The bound as a share: no difference of accuracies equals it."""
        return (self.images + BEYOND) / self.of

    def __str__(self) -> str:
        return f"{self.images} of {self.of} images"
