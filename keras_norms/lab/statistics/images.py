"""How far an accuracy depends on which images are in the test set: they are resampled, seeds fixed.

All seeds are tested on the same images, so that the interval over seeds says nothing about the
test set's own error: a paired difference of k discordant images among N has a standard deviation of
sqrt(k) / N, about 0.6 points on 397 digits with six discordant ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from keras_norms.lab.statistics.interval import CONFIDENCE, Interval, probability

DRAWS = 2_000
AT_ONCE = 4_000_000  # numbers of a block of draws, so that large test sets fit into memory


def image_interval(
    right: ArrayLike,
    against: ArrayLike | None = None,
    *,
    confidence: float = CONFIDENCE,
    draws: int = DRAWS,
) -> Interval:
    """Bootstrap interval, over images, of the seeds' median accuracy or of its paired difference.

        statistic = median over seeds of mean over drawn images of (right - against)

    The images are drawn with replacement and are the same for all seeds and both arms.

    Args:
        right: whether an image was classified correctly, shape (seeds, images).
        against: of the other arm, paired with `right` by seed and image; None for the accuracy
            itself.
        confidence: nominal, and what `coverage` states; a bootstrap has it in the limit of many
            images.
        draws: resamples, by a generator that is seeded alike at every call.

    Raises:
        ValueError: arrays of other shapes, without seeds or without images, or values that are not
            0 or 1.
    """
    difference = _correct("right", right)
    if against is not None:
        other = _correct("against", against)
        if other.shape != difference.shape:
            raise ValueError(
                f"Invalid against of shape {other.shape}: must be that of right, {difference.shape}"
            )
        difference = difference - other
    tail = (1 - probability("confidence", confidence)) / 2
    found = np.sort(_resampled(difference, draws))
    # An equal number of draws lies beyond either end.
    beyond = int(tail * draws)
    return Interval(float(found[beyond]), float(found[draws - 1 - beyond]), confidence)


def _resampled(difference: np.ndarray, draws: int) -> np.ndarray:
    """The statistic in each draw, shape (draws,)."""
    images = difference.shape[1]
    chance, even = np.random.default_rng(0), np.full(images, 1 / images)
    block = max(1, AT_ONCE // images)
    medians = []
    for start in range(0, draws, block):
        times = chance.multinomial(images, even, size=min(block, draws - start))
        medians.append(np.median(times.astype(np.float64) @ difference.T, axis=1) / images)
    return np.concatenate(medians)


def _correct(name: str, given: ArrayLike) -> np.ndarray:
    found = np.asarray(given)
    if found.ndim != 2 or not found.size:
        raise ValueError(f"Invalid {name} of shape {found.shape}: must be (seeds, images)")
    if not np.isin(found, (0, 1)).all():
        raise ValueError(f"Invalid {name}: must say of each image whether it is right, by 0 or 1")
    return found.astype(np.float64)
