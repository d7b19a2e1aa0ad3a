"""Ioffe & Szegedy 2015, Section 4.2.2: five times the learning rate, without and with."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ioffe2015.networks import BASELINE, PLAIN, NetworkExperiment
from benchmarks.ioffe2015.tables import ends_table
from keras_norms.lab.claim import Claim
from keras_norms.lab.options import RATE, option

TIMES = 5
WITHOUT, WITH = "plain, five times", "normalized, five times"


@dataclass(frozen=True, kw_only=True)
class Divergence(NetworkExperiment):
    """Ioffe & Szegedy 2015, Section 4.2.2: five times the learning rate, without and with.

    Paper      arXiv 1502.03167, Section 4.2.2: at five times its learning rate plain Inception's
               parameters reached machine infinity; with batch normalization it trains.
    Claims     At five times the largest learning rate that works for the plain network, it
               diverges; at that rate the normalized network does not.
    Ours       The small Inception of ioffe2015.convergence on digits. A learning rate works where
               the run's last accuracy beats chance, in every tuning seed; the largest of a grid is
               taken, and only where a larger one of the grid does not work. Divergence: a loss that
               is not finite or above ten times its start. Dropout, L2 and schedule are those of the
               plain arm.
    Beside it  ioffe2015.convergence asks the same of five times the plain network's best rate,
               which is lower than the largest one that works.
    Cost       36 runs, 2 CPU minutes.
    Command    python -m benchmarks run ioffe2015.divergence --out results
    """

    steps: int = option(200, "steps a run", least=1, gpu=2000)
    evaluate_every: int = option(0, "steps between test points; 0 for the end alone", least=0)
    rates: tuple[float, ...] = option(
        (0.02, 0.05, 0.1, 0.2, 0.5, 1.0), "grid of the plain network's learning rates", **RATE
    )

    def plan(self):
        swept = yield {
            f"plain, {rate:g}": self.tuning(self.on_validation(self.arm(PLAIN, rate)))
            for rate in sorted(self.rates)
        }
        if working := self.working(swept):
            rate = TIMES * working
            yield {
                WITHOUT: self.paired(self.arm(PLAIN, rate)),
                WITH: self.paired(self.arm(BASELINE, rate)),
            }

    def working(self, swept) -> float | None:
        """The largest rate below the first at which a tuning seed did not train."""
        working = None
        for rate in sorted(self.rates):
            if any(not outcome.verdict.trained for outcome in swept[f"plain, {rate:g}"]):
                break
            working = rate
        return working

    def claims(self, found):
        if self.working(found) is None:
            return
        for sentence, quantity, paper in (
            ("Without batch normalization five times the largest working rate diverges.",
             found[WITHOUT].share("blew up", "dead at start"), "reached infinity"),
            ("It does not train there, be it for divergence or for units that died (ours).",
             found[WITHOUT].share("blew up", "dead at start", "untrained"), ""),
            ("With batch normalization it does not diverge.",
             found[WITH].share("alive", "useful", "untrained"), "trains"),
        ):  # fmt: skip
            yield Claim(sentence, quantity > 0.5, paper=paper, target="ioffe15-x5-diverge")

    def summary(self, found):
        working = self.working(found)
        if working is None:
            yield "No learning rate of the grid works for the plain network."
            return
        edge = "" if working < max(self.rates) else ", the end of the grid: larger may work too"
        yield f"The largest rate that works for the plain network is {working:g}{edge}."
        yield from super().summary(found)

    def tables(self, found):
        yield ends_table(self.name(), found.groups())
