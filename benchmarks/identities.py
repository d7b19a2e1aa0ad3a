"""Equations of a paper that hold to rounding, checked on random inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd

from keras_norms.lab.backend import backend
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.quantity import Quantity, exact
from keras_norms.lab.report.tables import Table, number

INPUTS = "inputs"


class Bound(NamedTuple):
    """What `errors` found under a key stays below a limit, or above it, for every input.

    Attributes:
        words: what is bounded.
    """

    key: str
    words: str
    limit: float
    above: bool = False


class Identity(NamedTuple):
    """A sentence of the paper with its bounds, all of which have to hold."""

    sentence: str
    bounds: tuple[Bound, ...]
    paper: str = "equal"
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class IdentitiesExperiment(Experiment):
    """The function `errors(seed)` of the experiment's own file measures; the worst seed decides.

    Attributes:
        identities: what is claimed of it.
        layered: whether it runs a layer, so that the outcome depends on the backend.
    """

    identities: ClassVar[tuple[Identity, ...]] = ()
    layered: ClassVar[bool] = True

    def plan(self):
        job = Computation(f"{type(self).__module__}.errors", {}, backend() if self.layered else "")
        yield {INPUTS: self.paired(job)}

    def worst(self, found, bound: Bound) -> Quantity:
        values = [one[bound.key] for one in found[INPUTS]]
        pick, said = (min, "smallest") if bound.above else (max, "largest")
        return exact(f"{said} {bound.words}", pick(values))

    def claims(self, found):
        for sentence, bounds, paper, target in self.identities:
            values = [(self.worst(found, bound), bound) for bound in bounds]
            parts = [one > b.limit if b.above else one <= b.limit for one, b in values]
            yield Claim(sentence, all_of(*parts), paper=paper, target=target)

    def tables(self, found):
        rows = []
        for bound in (bound for identity in self.identities for bound in identity.bounds):
            median = number(float(np.median([one[bound.key] for one in found[INPUTS]])))
            limit = f"{'>' if bound.above else '≤'} {number(bound.limit)}"
            worst = number(self.worst(found, bound).estimate)
            rows.append({"what": bound.words, "median": median, "worst": worst, "limit": limit})
        caption = f"Over {self.seeds} random inputs."
        yield Table(f"{self.name()}-errors", pd.DataFrame(rows), caption)


def largest(*arrays) -> float:
    """The largest absolute value; 1e300 where one is not finite, which JSON can hold."""
    found = float(max(np.abs(each).max() for each in arrays))
    return found if np.isfinite(found) else 1e300


def apart(got, wanted) -> float:
    """The largest difference over the largest wanted value."""
    return largest(np.subtract(got, wanted)) / largest(wanted)
