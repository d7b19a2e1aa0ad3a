"""Ioffe & Szegedy 2015, Section 4.2.3: an ensemble of six networks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.ioffe2015.networks import X30, NetworkExperiment
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import RATE, option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.tables import Table, percent

DROPOUTS = (0.0, 0.05, 0.1, 0.0, 0.05, 0.1)
APART = 100_000  # between the seeds of an ensemble's networks, so that no two ensembles share one
PROBE = "@benchmarks.ioffe2015.probes.class_probabilities"
BEST, MEAN, ALL = "the best of the six", "the six on average", "the ensemble"


@dataclass(frozen=True, kw_only=True)
class Ensemble(NetworkExperiment):
    """Ioffe & Szegedy 2015, Section 4.2.3 and Figure 4: an ensemble of six networks.

    Paper      arXiv 1502.03167, Section 4.2.3: six networks like BN-x30, some with larger initial
               weights, dropout of 5 or 10 %, or per-activation normalization in the last layers;
               the mean of their class probabilities.
    Claims     The ensemble's error is below that of its best network, and below their mean error.
    Numbers    Top-1 error on ImageNet, 144 crops: 21.99 % for one network, 20.1 % for six.
    Ours       Six BN-x30 of ioffe2015.convergence (a small Inception on digits), two each with
               dropout of 0, 5 and 10 %, six seeds; a paired seed is an ensemble. Fewer steps than
               there, since networks without errors have nothing to gain. No crops, no other
               initial weights, no per-activation normalization.
    Best       The network with the lowest error on the same test images: it flatters the single
               network.
    Cost       54 runs, 4 CPU minutes.
    Command    python -m benchmarks run ioffe2015.ensemble --out results
    """

    steps: int = option(150, "steps a run", least=1, gpu=8000, cifar10=240)
    evaluate_every: int = option(0, "steps between test points; 0 for the end alone", least=0)
    rate: float = option(0.03, "learning rate of the plain network", **RATE)

    def plan(self):
        networks = [self.arm(X30, self.rate, dropout=dropout) for dropout in DROPOUTS]
        yield {
            name(seed): [
                replace(network, seed=seed + place * APART, probes=(PROBE,))
                for place, network in enumerate(networks)
            ]
            for seed in self.seed_range()
        }

    def errors(self, found) -> dict[str, Quantity]:
        """Test errors by ensemble, of its networks and of the mean of their probabilities."""
        six, one = {}, {}
        for seed in self.seed_range():
            six[seed], one[seed] = wrong(found[name(seed)])
        best = {seed: networks[networks.mean(axis=1).argmin()] for seed, networks in six.items()}
        return {BEST: error(BEST, best), MEAN: error(MEAN, six), ALL: error(ALL, one)}

    def claims(self, found):
        of, target = self.errors(found), "ioffe15-fig4"
        yield Claim("The ensemble is better than its networks are on average.",
                    of[MEAN] - of[ALL] > 0, target=target)  # fmt: skip
        yield Claim("The ensemble is better than its best network.",
                    of[BEST] - of[ALL] > 0, paper="0.019", target=target)  # fmt: skip

    def tables(self, found):
        tidy = pd.DataFrame({which: one.values for which, one in self.errors(found).items()})
        shown = tidy.map(percent)
        for frame in (shown, tidy):
            frame.insert(0, "ensemble", [*map(str, self.seed_range())])
        yield Table(f"{self.name()}-errors", shown, "Test error of each ensemble.", tidy)


def name(seed: int) -> str:
    return f"ensemble {seed}"


def wrong(networks) -> tuple[np.ndarray, np.ndarray]:
    """Whether each test image is misclassified: by each network, and by all together."""
    seen = [outcome.probed[PROBE][-1] for outcome in networks]
    labels, odds = np.array(seen[0]["labels"]), np.array([row["probabilities"] for row in seen])
    return odds.argmax(axis=2) != labels, odds.mean(axis=0).argmax(axis=1) != labels


def error(which: str, wrong: dict[int, np.ndarray]) -> Quantity:
    """The share of images; those of a single classifier are resampled beside the ensembles."""
    values = {seed: float(images.mean()) for seed, images in wrong.items()}
    images = (wrong,) if next(iter(wrong.values())).ndim == 1 else ()
    return Quantity(f"error of {which}", values, images=images)
