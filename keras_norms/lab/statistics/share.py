"""The exact interval of a share of seeds, such as those that blew up."""

from __future__ import annotations

from scipy.special import betaincinv

from keras_norms.lab.statistics.interval import CONFIDENCE, Interval, probability


def share_interval(count: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """Clopper and Pearson's interval of a binomial share: both tails at most (1 - confidence) / 2.

    Its coverage is at least `confidence` whatever the share is, and `confidence` is what it states.
    All of 3 seeds leave a share of 0.29 possible, all of 6 one of 0.54.

    Raises:
        ValueError: no seed, more seeds counted than there are, or a confidence that is no
            probability.
    """
    if of < 1 or not 0 <= count <= of:
        raise ValueError(f"Invalid count={count} of={of}: must be 0 <= count <= of, of at least 1")
    tail = (1 - probability("confidence", confidence)) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1 - tail)) if count < of else 1.0
    return Interval(low, high, confidence)
