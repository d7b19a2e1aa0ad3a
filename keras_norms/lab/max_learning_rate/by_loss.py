"""A model that is no classifier of one output is judged by how far its training loss falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras_norms.lab.edges.verdict import USEFUL_SHARE

# A loss that fell by this share trains, as an accuracy that is a ninth above chance does.
LEARNED = 1 / 9


@dataclass(frozen=True)
class ByLoss:
    """What counts as trained and as useful; there is no chance level to compare with."""

    classes: int = 1
    rule: str = f"training loss below {1 - LEARNED:.3g} of the first one"
    useful_rule: str = "training loss below half of the first one"

    def trained(self, model: Any, first: float, last: float) -> tuple[bool, float | None]:
        """Whether a run that went from a loss of `first` to `last` has; there is no accuracy."""
        return last < (1 - LEARNED) * first, None

    def useful(self, first: float, last: float) -> bool:
        """Whether a run that has trained is useful as well."""
        return last < USEFUL_SHARE * first
