"""A quantity: one value a paired seed, that remembers its own formula.

    far["batch"] / far["none"] >= 10

is the inequality, its text and its test at once.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.inequality import Inequality
from keras_norms.lab.statistics import (
    Interval,
    image_interval,
    median,
    median_interval,
    share_interval,
)

ADD, MULTIPLY, ATOM = 1, 2, 3  # how tightly a formula holds together


@dataclass(frozen=True, eq=False)
class Quantity:
    """Values by seed, infinities among them; NaN is an error.

    Arithmetic pairs the seeds, comparison gives an `Inequality`.

    Attributes:
        formula: how it is made, in the words of its parts.
        values: by seed.
        unit: "" for a pure number.
        share: whether the values are a property that each seed has (1) or lacks (0); its interval
            is then the binomial one.
        images: of an accuracy, by seed, whether each test image was classified correctly; of a
            difference of two accuracies the pair of both. They are resampled beside the seeds.
        exact: whether chance has no part in it; see `exact`.
    """

    formula: str
    values: Mapping[int, float]
    unit: str = ""
    share: bool = False
    images: tuple[Mapping[int, np.ndarray], ...] = field(default=(), repr=False)
    exact: bool = False
    _tight: int = ATOM

    def __post_init__(self) -> None:
        if not self.values:
            raise BadInput(f"quantity {self.formula!r} has no values: no seed of it is finished")
        for seed, value in self.values.items():
            if math.isnan(value):
                raise BadInput(f"quantity {self.formula!r} is not a number for seed {seed}")

    @property
    def estimate(self) -> float:
        """The share, or the median."""
        return float(np.mean(self._sorted())) if self.share else median(self._sorted())

    @property
    def interval(self) -> Interval:
        """The exact 95 % interval of the estimate, or the widest there is with its coverage."""
        if self.exact:
            return Interval(self.estimate, self.estimate, 1.0)
        if self.share:
            return share_interval(round(sum(self.values.values())), len(self.values))
        return median_interval(self._sorted())

    @property
    def image_interval(self) -> Interval | None:
        """The 95 % interval over test images, seeds fixed; None where it is no accuracy."""
        if not self.images:
            return None
        return image_interval(*([one[seed] for seed in sorted(self.values)] for one in self.images))

    @property
    def range(self) -> tuple[float, float]:
        return min(self.values.values()), max(self.values.values())

    def _sorted(self) -> list[float]:
        return [float(self.values[seed]) for seed in sorted(self.values)]

    def map(self, function: Callable[[float], float], formula: str) -> Quantity:
        """The function of each seed's value; `formula` has `{}` for the quantity's own."""
        values = {seed: float(function(value)) for seed, value in self.values.items()}
        return Quantity(formula.format(self.formula), values, exact=self.exact)

    def log10(self) -> Quantity:
        return self.map(lambda v: math.log10(v) if v > 0 else -math.inf, "log10({})")

    def __abs__(self) -> Quantity:
        return self.map(abs, "|{}|")

    def __add__(self, other: Any) -> Quantity:
        return self._with(other, operator.add, "{} + {}", ADD)

    def __sub__(self, other: Any) -> Quantity:
        return self._with(other, operator.sub, "{} − {}", ADD)

    def __mul__(self, other: Any) -> Quantity:
        return self._with(other, operator.mul, "{} · {}", MULTIPLY)

    def __truediv__(self, other: Any) -> Quantity:
        return self._with(other, _divided, "{} / {}", MULTIPLY)

    def __radd__(self, other: float) -> Quantity:
        return self._like(other) + self

    def __rsub__(self, other: float) -> Quantity:
        return self._like(other) - self

    def __rmul__(self, other: float) -> Quantity:
        return self._like(other) * self

    def __rtruediv__(self, other: float) -> Quantity:
        return self._like(other) / self

    def __gt__(self, other: Any) -> Inequality:
        return Inequality(self, ">", other)

    def __ge__(self, other: Any) -> Inequality:
        return Inequality(self, ">=", other)

    def __lt__(self, other: Any) -> Inequality:
        return Inequality(self, "<", other)

    def __le__(self, other: Any) -> Inequality:
        return Inequality(self, "<=", other)

    def __bool__(self) -> bool:
        raise TypeError(f"quantity {self.formula!r} has no truth value: compare it")

    def _like(self, number: float) -> Quantity:
        values = dict.fromkeys(self.values, float(number))
        return Quantity(f"{number:g}", values, exact=self.exact)

    def _with(self, other: Any, operate: Callable[..., Any], text: str, tight: int) -> Quantity:
        other = other if isinstance(other, Quantity) else self._like(other)
        seeds = paired(self, other)
        values = {seed: float(operate(self.values[seed], other.values[seed])) for seed in seeds}
        # The right side of a difference or a ratio must hold together more tightly.
        left, right = self._inside(tight), other._inside(tight + 1)
        both = operate is operator.sub and len(self.images) == len(other.images) == 1
        return Quantity(
            text.format(left, right),
            values,
            self.unit if tight == ADD else "",
            images=self.images + other.images if both else (),
            exact=self.exact and other.exact,
            _tight=tight,
        )

    def _inside(self, tight: int) -> str:
        return self.formula if self._tight >= tight else f"({self.formula})"


def exact(formula: str, value: float, unit: str = "") -> Quantity:
    """A number in which chance has no part, as a count or a rounding error: its value decides."""
    return Quantity(formula, {0: float(value)}, unit, exact=True)


def paired(*quantities: Quantity) -> list[int]:
    """The seeds that all of them have.

    Raises:
        BadInput: one lacks a seed that another has.
    """
    seeds = sorted(set().union(*(quantity.values for quantity in quantities)))
    for quantity in quantities:
        if missing := [seed for seed in seeds if seed not in quantity.values]:
            raise BadInput(
                f"quantity {quantity.formula!r} lacks seed {missing[0]}, which "
                f"{next(q.formula for q in quantities if missing[0] in q.values)!r} has"
            )
    return seeds


def _divided(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)
    return a / b
