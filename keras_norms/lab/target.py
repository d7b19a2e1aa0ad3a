"""What the library is held to: a claim of its own, which is reached or missed."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.claim import Claim
from keras_norms.lab.errors import BadInput
from keras_norms.lab.inequality import Inequality, Statement
from keras_norms.lab.statistics import Finding

WORDS = {Finding.REPRODUCED: "reached", Finding.NOT_REPRODUCED: "missed"}


@dataclass(frozen=True)
class Target(Claim):
    """A bound by the rule of all verdicts: its interval lies wholly on one side, or is undecided.

    Attributes:
        pairs: what the paired values of its quantities are: rounds of a timing, seeds.
    """

    pairs: str = "seeds"

    def __post_init__(self) -> None:
        # Parts of other machines may have other rounds: nothing is paired between them.
        if not isinstance(self.holds, Statement):
            raise BadInput(f"target {self.sentence!r} holds={self.holds!r}: write an inequality")

    @property
    def verdict(self) -> str:
        """Reached, missed, or undecided with the pairs that agree."""
        finding = self.holds.finding
        if isinstance(self.holds, Inequality) and finding is Finding.UNDECIDED:
            judged = self.holds.judgement
            if judged.agree is not None:
                return f"{finding} ({judged.agree} of {judged.seeds} {self.pairs} agree)"
        return WORDS.get(finding, str(finding))


def counted(targets: list[Target]) -> str:
    """How many are reached, missed and undecided, in a sentence."""
    found = [WORDS.get(target.holds.finding, "undecided") for target in targets]
    said = (f"{found.count(word)} {word}" for word in (*WORDS.values(), "undecided"))
    return f"{len(targets)} targets: {', '.join(said)}."
