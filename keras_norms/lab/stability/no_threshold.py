"""Whether blow-up is a threshold in a cell: the evidence of all its seeds together.

One seed may look odd by chance. With B a seed's Bayes factor of a band against a threshold
(`blow_up.py`),

    odds(no threshold) = prior odds * product over seeds of (1 - SHARE + SHARE B)

for in a cell without a threshold this share of the seeds has a band, and in any other none has:
a seed with one is evidence, and a seed without one is weak evidence against it.

Bands are seen by runs that lie densely, a tenth of a decade apart over the range. A search asks for
runs at the edges, and 16 a seed did not show the band of the one recorded cell that has it: that
this probability is low after a search does not say that blow-up is a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.special import expit, logit

from keras_norms.lab.stability.blow_up import BAND
from keras_norms.lab.stability.threshold import Thresholds

SHARE = 0.5  # of the seeds of a cell without a threshold, those with a band
PRIOR = BAND / SHARE
LIKELY = 0.5  # above which a cell is said to have no threshold


def no_threshold(seeds: Iterable[Thresholds]) -> float:
    """Probability that blow-up is no threshold in the cell of these seeds."""
    factors = np.array([known.blown.bayes_factor for known in seeds])
    return float(expit(logit(PRIOR) + np.log(1 - SHARE + SHARE * factors).sum()))
