"""`python -m benchmarks scoreboard`: the claims of all papers on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ABOUT = "write the claims of all pages, and how many hold, on one page"
RESULTS = Path(__file__).parent / "results"


def write(results: Path) -> Sequence[Path]:
    """See `keras_norms.lab.report.scoreboard`."""
    from keras_norms.lab.report.scoreboard import Disagreement, scoreboard

    rates = "Whether batch normalization is better because it allows larger learning rates:"
    sides = [Disagreement(rates, ("bjorck18-fig1", "desmith20-smallbatch"))]
    return scoreboard(results, sides)
