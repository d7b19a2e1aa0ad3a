"""Lines and exponentials through values by block, and ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import rankdata

Values = np.ndarray


def growth(values: Values) -> float:
    """The factor a step: from the first to the last."""
    return float((values[-1] / values[0]) ** (1 / (len(values) - 1)))


def straight(values: Values) -> float:
    """R2 of a line; 1 through values that are all the same, NaN where one is not finite."""
    if not np.isfinite(values).all():
        return float("nan")
    x = np.arange(len(values)) - (len(values) - 1) / 2
    centred = values - values.mean()
    whole = float(centred @ centred)
    return 1.0 if whole == 0 else float((x @ centred) ** 2 / (x @ x) / whole)


def bent(values: Values) -> float:
    """R2 of an exponential: of a line through the logarithms."""
    return straight(np.log(values))


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation; 0 where one of them is constant, infinities are in order."""
    a, b = (rankdata(each) - (len(each) + 1) / 2 for each in (one, other))
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else 0.0


def left_out_error(columns: Sequence[Sequence[float]], target: Sequence[float]) -> float:
    """Mean squared error of a linear prediction of each value from all others.

    Args:
        columns: what is predicted from, each with a number for each value; a constant is added.
        target: the values.
    """
    design = np.column_stack([np.ones(len(target)), *map(np.asarray, columns)])
    # Each residual over one less its leverage is that of the fit without it.
    hat = design @ np.linalg.pinv(design)
    left = 1 - np.diag(hat)
    residuals = np.asarray(target, float) - hat @ np.asarray(target, float)
    return float(np.mean((residuals / np.where(left > 1e-9, left, np.nan)) ** 2))


FITS: dict[str, Callable[[Values], float]] = {
    "growth a block": growth,
    "R2 of a line": straight,
    "R2 of an exponential": bent,
    "last / first variance": lambda values: float(values[-1] / values[0]),
}
