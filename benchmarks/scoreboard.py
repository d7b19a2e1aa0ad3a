"""`python -m benchmarks scoreboard`: the claims of all papers on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ABOUT = "write the claims of all pages, how many hold and what is to come, on one page"
RESULTS = Path(__file__).parent / "results"
TARGETS = Path(__file__).parent / "targets.csv"  # what is to be judged, and by what


def write(results: Path) -> Sequence[Path]:
    """See `keras_norms.lab.report.scoreboard`."""
    from keras_norms.lab.report.planned import read_planned
    from keras_norms.lab.report.scoreboard import scoreboard

    return scoreboard(results, read_planned(TARGETS))
