"""How often the printed intervals hold the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from keras_norms.lab.experiment import Experiment, Plan
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table, number, percent


@dataclass(frozen=True, kw_only=True)
class Coverage(Experiment):
    """How often the printed intervals hold the truth, by simulation.

    Set-up     Each row repeats a sampling of known truth: medians and shares of seeds, searches for
               the edges of one seed whose runs are noisy, and cells of several seeds whose edges
               differ. Coverage counts truths that lie in the closed interval.
    Columns    Nominal coverage, coverage with its standard error, width and error of the interval,
               and the runs of a search.
    Cost       Half an hour; quick: two minutes.
    Command    python -m benchmarks run search.coverage --scale quick --out results
    """

    seeds: ClassVar[int] = 0  # type: ignore[misc]  # replays take their place
    replays: int = option(200, "of each row", least=1, most=1_000_000, quick=6)
    seed: int = option(0, "of all that is drawn", least=0)

    def plan(self) -> Plan:
        given = {"replays": self.replays}
        yield {"rows": [Computation(f"{__name__}.rows", given, seed=self.seed)]}

    def summary(self, found: Found) -> Iterable[str]:
        frame = pd.DataFrame(found["rows"][0])
        worst = frame.loc[(frame.coverage - frame.nominal).idxmin()]
        yield (
            f"The least against its nominal coverage, of {len(frame)} rows: {worst.interval}, "
            f"{worst.truth}: {percent(worst.coverage)} where {percent(worst.nominal)} is printed."
        )

    def tables(self, found: Found) -> Iterator[Table]:
        frame = pd.DataFrame(found["rows"][0])
        covered, off = (frame[name].map(percent) for name in ("coverage", "standard_error"))
        shown = frame.assign(
            nominal=frame.nominal.map(percent),
            coverage=covered + " ± " + off,
            **{name: frame[name].astype(float).map(number) for name in ("width", "error", "runs")},
        ).drop(columns=["standard_error", "over"])
        yield Table("search-coverage", shown, "Coverage of intervals by simulation.", frame)


def rows(*, replays: int, seed: int) -> list[dict[str, Any]]:
    """The rows of `keras_norms.lab.edges.coverage.table`; None where a number is none."""
    from keras_norms.lab.edges.coverage import table

    found = table(replays, seed)
    return found.astype(object).where(found.notna(), None).to_dict("records")
