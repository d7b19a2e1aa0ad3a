"""An edge over all seeds: the population's median, and where a new seed's edge may lie.

The edges of the seeds are normal around a mean, in decades, but for a share q of seeds that have
none:

    t_i ~ Normal(mu, tau^2)  with probability 1 - q,  none with probability q

Each seed contributes the likelihood of its edge by its own runs, so that what these leave open is
not taken for a difference between seeds. The prior of mu is flat, that of tau 1 / sqrt(tau): with
1 / tau, which gives Student's t where the edges are known exactly, intervals of few seeds whose
edges are known to a tenth of a decade cover too little, with a flat one far too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from keras_norms.lab.edges.edge_posterior import EdgePosterior
from keras_norms.lab.edges.verdict_noise import PER_DECADE, SCALE_PRIOR, SCALES, Range

TAUS = np.geomspace(0.02, 1.0, 10)  # decades
TAU_PRIOR = np.sqrt(TAUS) / np.sqrt(TAUS).sum()  # 1 / sqrt(tau)
NONE = np.array([0.0, 0.1, 0.3, 0.49, 0.51, 0.7, 0.9, 1.0])  # of q
NONE_PRIOR = np.array([0.8, 0.03, 0.03, 0.02, 0.02, 0.02, 0.03, 0.05])
BEYOND = 1.0  # decades beyond either end of the range in which mu may lie


@dataclass(frozen=True)
class Population:
    """Attributes:
    median: of the edge in the population of seeds.
    new_seed: the edge of one more seed.
    """

    median: EdgePosterior
    new_seed: EdgePosterior

    @classmethod
    def of(cls, range: Range, seeds: Sequence[np.ndarray], none: int = 0) -> Population:
        """From the likelihood of each seed's edge.

        Args:
            seeds: likelihoods of the scale of the noise, which all seeds share, and of the
                thresholds, each of shape (scales, thresholds), or (thresholds,) without noise.
            none: the threshold that stands for "no rate is good": 0, or -1 for a lower edge.
        """
        mus, masses = normals(range)
        likelihoods = np.array(
            [np.broadcast_to(one, (len(SCALES), one.shape[-1])) for one in seeds]
        )
        likelihoods = likelihoods / likelihoods.max((1, 2), keepdims=True)
        present = np.einsum("mkt,ist->ismk", masses, likelihoods, optimize=True)
        absent = likelihoods[:, :, none, None, None]
        # Axes: share without an edge, scale, mean, tau.
        logs = np.array(
            [np.log(np.maximum((1 - q) * present + q * absent, 1e-300)).sum(0) for q in NONE]
        )
        weights = np.exp(logs - logs.max()) * SCALE_PRIOR[:, None, None]
        weights = weights.sum(1) * NONE_PRIOR[:, None, None] * TAU_PRIOR
        weights /= weights.sum()
        found = np.einsum("qmk,mkt,q->t", weights, masses, 1 - NONE, optimize=True)
        found[none] += weights.sum((1, 2)) @ NONE
        return cls(
            EdgePosterior(range, _medians(range, weights, mus, none)), EdgePosterior(range, found)
        )

    def at_least(self, other: Population) -> Population:
        """This one, each of its distributions moved up to where it is not below the other's."""
        return Population(
            self.median.at_least(other.median), self.new_seed.at_least(other.new_seed)
        )


def _medians(range: Range, weights: np.ndarray, mus: np.ndarray, none: int) -> np.ndarray:
    """The distribution of the population's median over the thresholds."""
    found = np.zeros(len(range.thresholds))
    for q, part in zip(NONE, weights, strict=True):
        if q > 0.5:
            found[none] += part.sum()
            continue
        # The seeds without an edge lie below all others, or above them.
        level = (0.5 - q) / (1 - q) if none == 0 else 0.5 / (1 - q)
        medians = mus[:, None] + TAUS * ndtri(level)
        place = np.searchsorted(range.rates, medians)
        found += np.bincount(place.ravel(), part.ravel(), minlength=len(found))
    return found


@lru_cache(4)
def normals(range: Range) -> tuple[np.ndarray, np.ndarray]:
    """Means, and the mass that each threshold has of a normal, shape (means, taus, thresholds)."""
    first, last = range.rates[0] - BEYOND, range.rates[-1] + BEYOND
    # Half-way between two rates, as the thresholds are.
    mus = np.arange(round((last - first) * PER_DECADE)) / PER_DECADE + first + 0.5 / PER_DECADE
    below = ndtr((range.rates - mus[:, None, None]) / TAUS[:, None])
    ends = np.zeros((*below.shape[:2], 1)), np.ones((*below.shape[:2], 1))
    return mus, np.diff(np.concatenate([ends[0], below, ends[1]], axis=-1), axis=-1)
