"""What is read off the outcomes of a group, and how it stands in a table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.found import Group
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text

LEARNED = 0.99  # of the training images are right at the end: learning rates are compared there


def seen(group: Group, probe: str, measure: Callable[[Any], float], formula: str) -> Quantity:
    """A number of what a probe saw at its only look.

    What overflowed is infinite: a network beyond float32 is at the end of every scale.
    """

    def number(rows: Any) -> float:
        value = float(measure(rows[0]))
        return value if math.isfinite(value) else math.inf

    return group.probed(probe).quantity(number, formula)


def shown(quantity: Quantity) -> str:
    """The median over seeds with its interval."""
    return interval_text([*quantity.values.values()])


def starts(group: Group) -> str:
    """How many of the runs had a first loss that is not finite or far above chance."""
    return f"{sum(one.verdict is Verdict.DEAD for one in group)} of {len(group)} dead at start"


def ends(group: Group) -> str:
    """How many of the runs were dead at the start, blew up or went on, in words."""
    return ", ".join(f"{n} {verdict}" for verdict, n in Counter(o.verdict for o in group).items())
