"""An inequality between quantities: its text and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_norms.lab.statistics import Finding, Judgement, judge, judge_exact, judge_share

if TYPE_CHECKING:
    from keras_norms.lab.quantity import Quantity


class Statement:
    """Something that holds, does not, or cannot be decided; it has no truth value in Python."""

    def __bool__(self) -> bool:
        raise TypeError(
            f"'{self}' has no truth value: an interval decides it. Join several by "
            "all_of(a < b, b < c) or at_least(2, ...)"
        )

    @property
    def finding(self) -> Finding:
        raise NotImplementedError

    @property
    def inequalities(self) -> list[Inequality]:
        """Its parts."""
        raise NotImplementedError


class Inequality(Statement):
    """A quantity against a number, or the paired difference of two against zero.

    Args:
        left: a quantity.
        sign: ">", ">=", "<" or "<=".
        right: a quantity or a number.
    """

    def __init__(self, left: Quantity, sign: str, right: Any) -> None:
        compared = hasattr(right, "values")
        shown = right.formula if compared else f"{float(right):g}".replace("-", "−")
        self.text = f"{left.formula} {sign.replace('>=', '≥').replace('<=', '≤')} {shown}"
        self.quantity: Quantity = left - right if compared else left
        self.sign, self.threshold = sign, 0.0 if compared else float(right)

    def __str__(self) -> str:
        return self.text

    @property
    def judgement(self) -> Judgement:
        """By the exact interval over seeds, and for accuracies also by that over images."""
        one = self.quantity
        values = [one.values[seed] for seed in sorted(one.values)]
        if one.exact:
            return judge_exact(values[0], self.sign, self.threshold)
        if one.share:
            return judge_share(round(sum(values)), len(values), self.sign, self.threshold)
        return judge(values, self.sign, self.threshold, images=one.image_interval)

    @property
    def finding(self) -> Finding:
        return self.judgement.finding

    @property
    def inequalities(self) -> list[Inequality]:
        return [self]


class Compound(Statement):
    """At least `least` of several statements; see `all_of` and `at_least`."""

    def __init__(self, least: int, parts: Sequence[Statement]) -> None:
        if not 1 <= least <= len(parts):
            raise ValueError(f"at_least({least}, ...) of {len(parts)} statements cannot be")
        self.least, self.parts = least, list(parts)

    def __str__(self) -> str:
        inside = "; ".join(str(part) for part in self.parts)
        return inside if self.least == len(self.parts) else f"{self.least} or more of: {inside}"

    @property
    def finding(self) -> Finding:
        found = [part.finding for part in self.parts]
        if found.count(Finding.REPRODUCED) >= self.least:
            return Finding.REPRODUCED
        if found.count(Finding.NOT_REPRODUCED) > len(found) - self.least:
            return Finding.NOT_REPRODUCED
        return Finding.UNDECIDED

    @property
    def inequalities(self) -> list[Inequality]:
        return [inequality for part in self.parts for inequality in part.inequalities]


def all_of(*parts: Statement) -> Compound:
    """Reproduced if every part is, not reproduced if any part is not."""
    return Compound(len(parts), parts)


def at_least(count: int, *parts: Statement) -> Compound:
    """Reproduced if `count` of the parts are, not reproduced where that can no longer be."""
    return Compound(count, parts)
