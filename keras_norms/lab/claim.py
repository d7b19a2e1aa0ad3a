"""A sentence of a paper beside the inequality that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.inequality import Inequality, Statement
from keras_norms.lab.statistics import Finding

NO_POWER = "no power here"


@dataclass(frozen=True)
class Claim:
    """What a paper says, and what decides it.

    Attributes:
        sentence: the claim, in our words.
        holds: an inequality of quantities, or several joined by `all_of` and `at_least`.
        paper: the paper's own number, "" where it gives none.
        target: the name of the claim, by which it is found again in other set-ups.
        control: a statement that shows that the set-up can see the effect at all; where it does not
            hold, the verdict is "no power here".
    """

    sentence: str
    holds: Statement
    paper: str = ""
    target: str = ""
    control: Statement | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.holds, Statement):
            raise BadInput(
                f"claim {self.sentence!r} holds={self.holds!r}: write an inequality of quantities"
            )
        for inequality in self.holds.inequalities:
            seeds = set(inequality.quantity.values)
            first = set(self.holds.inequalities[0].quantity.values)
            if odd := sorted(seeds ^ first):
                raise BadInput(
                    f"claim {self.sentence!r}: its inequalities have different seeds, {odd[0]} is "
                    f"not in all of them ({inequality})"
                )

    @property
    def verdict(self) -> str:
        """Reproduced, not reproduced, undecided (with the seeds that agree), or without power."""
        if self.control is not None and self.control.finding is not Finding.REPRODUCED:
            return NO_POWER
        if isinstance(self.holds, Inequality):
            return str(self.holds.judgement)
        return str(self.holds.finding)

    @property
    def seeds(self) -> int:
        return len(self.holds.inequalities[0].quantity.values)

    @property
    def seeds_to_decide(self) -> int | None:
        """For an undecided one the fresh seeds that would probably decide it, by those so far.

        Those of its undecided inequalities; None where no number within reason would.
        """
        if self.holds.finding is not Finding.UNDECIDED:
            return None
        judged = [inequality.judgement for inequality in self.holds.inequalities]
        asked = [each.seeds_to_decide for each in judged if each.finding is Finding.UNDECIDED]
        return None if None in asked else max(n for n in asked if n is not None)


def rows(claims: Iterable[Claim]) -> Iterator[dict[str, Any]]:
    """One row an inequality, for `claims.csv`; the verdict is that of the whole claim."""
    for claim in claims:
        for inequality in claim.holds.inequalities:
            found = inequality.judgement
            one = inequality.quantity
            yield {
                "target": claim.target,
                "claim": claim.sentence,
                "inequality": str(inequality),
                "unit": one.unit,
                "paper_value": claim.paper,
                "ours": found.estimate,
                "low": found.interval.low,
                "high": found.interval.high,
                "coverage": round(found.interval.coverage, 4),
                "seeds": found.seeds,
                "verdict": claim.verdict,
            }
