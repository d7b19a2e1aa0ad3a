"""Where the edges lie before any run.

From the top down: the blow-up edge is uniform over the range, with a mass below and above it. Given
it, nothing trains with probability `NO_WINDOW`; else the alive edge lies below it, by a decade or
so more likely than by many, and the lower edge is uniform up to `NARROWEST` below the alive one, or
below the range. Given both, no rate is useful with probability `NO_WINDOW`; else the useful window
is uniform among those within. No window is narrower than `NARROWEST`: a narrower one, at which a
search could only guess, counts as none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_norms.lab.edges.verdict_noise import PER_DECADE, Range

ALL_BLOW_UP, NOTHING_BLOWS_UP = 0.02, 0.08
NO_WINDOW = 0.2
CUT = 0.1  # of the windows, those that an end of the range cuts
NARROWEST = 0.3  # decades
GAP, ANY_GAP = 1.0, 0.2  # decades from the alive to the blow-up edge; what a far one weighs


@dataclass(frozen=True)
class Prior:
    """Attributes:
    blow_up: of the edge, shape (thresholds,).
    alive, useful: of the windows, shape (lower edges, upper edges), if there is one.
    no_alive, no_useful: that there is none.
    gap: of alive and blow-up edge, shape (thresholds, thresholds); 0 where they are out of order.
    """

    blow_up: np.ndarray
    alive: np.ndarray
    no_alive: float
    useful: np.ndarray
    no_useful: float
    gap: np.ndarray

    @classmethod
    def flat(cls, range: Range) -> Prior:
        """That knows the order alone, and that alive and blow-up edge are seldom far apart."""
        windows = flat_windows(range)
        return cls(flat_edge(range), windows, NO_WINDOW, windows, NO_WINDOW, gaps(range))

    def mixed(self, other: Prior, share: float) -> Prior:
        """This one, with a share of another."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Prior(*((1 - share) * mine + share * its for mine, its in pairs))

    def blurred(self, by: Callable[[np.ndarray], np.ndarray]) -> Prior:
        """Its edges blurred; what lies beyond the ends of the range stays there."""
        alive, useful = _blurred(self.alive, by), _blurred(self.useful, by)
        edge = self.blow_up.copy()
        edge[1:-1] = by(edge[1:-1])
        return Prior(_normalized(edge), alive, self.no_alive, useful, self.no_useful, self.gap)


def flat_edge(range: Range) -> np.ndarray:
    """Uniform over the thresholds inside, with a mass at either end."""
    inside = len(range.thresholds) - 2
    within = np.full(inside, (1 - ALL_BLOW_UP - NOTHING_BLOWS_UP) / max(inside, 1))
    return _normalized(np.concatenate([[ALL_BLOW_UP], within, [NOTHING_BLOWS_UP]]))


def flat_windows(range: Range) -> np.ndarray:
    """Uniform over the upper edge, and for each upper edge over the lower edges it leaves."""
    count = len(range.thresholds)
    lower, upper = np.indices((count, count))
    wide = upper - lower >= round(NARROWEST * PER_DECADE)
    inside = (lower > 0) & (lower < count - 1) & (wide | (upper == count - 1))
    each = inside / np.maximum(inside.sum(0), 1)
    each[0] = np.where(inside.any(0), CUT / (1 - CUT), 1.0)
    each[0, 0] = 0.0
    windows = each / np.where(each.any(0), each.sum(0), 1)
    # The last upper edge weighs as much as this share of all others together.
    windows[:, -1] *= CUT / (1 - CUT) * max(count - 2, 1)
    return _normalized(windows)


def gaps(range: Range) -> np.ndarray:
    """Weights of the alive edge (rows) by how far it lies below the blow-up edge (columns)."""
    places = range.thresholds.clip(range.rates[0], range.rates[-1])
    return np.triu(ANY_GAP + np.exp(-np.abs(places - places[:, None]) / GAP))


def _blurred(windows: np.ndarray, by: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    moved, inside = windows.copy(), slice(1, -1)
    moved[inside, inside] = by(moved[inside, inside])
    moved[0, inside] = by(moved[0, inside])
    moved[inside, -1] = by(moved[inside, -1])
    return _normalized(moved)


def _normalized(weights: np.ndarray) -> np.ndarray:
    total = weights.sum()
    return weights / total if total else weights
