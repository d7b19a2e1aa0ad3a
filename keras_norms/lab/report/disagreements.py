"""Papers beside papers that say otherwise, and papers beside what was measured here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from keras_norms.lab.report.planned import Planned
from keras_norms.lab.report.tables import Table

SHOWN = ["paper", "claim", "verdict", "paper's number", "ours"]


def disagreements(rows: pd.DataFrame, planned: Sequence[Planned]) -> Iterator[str]:
    """The section's parts; nothing where nobody disagrees.

    Args:
        rows: one a claim, as the scoreboard shows them.
        planned: of which those with a matter are set side by side.
    """
    shown = [*_between_papers(rows, planned), *_with_papers(rows)]
    if shown:
        yield "\n\n".join(["## Where they disagree", *shown])


def _between_papers(rows: pd.DataFrame, planned: Iterable[Planned]) -> Iterator[str]:
    of: dict[str, dict[str, str]] = {}
    for one in planned:
        if one.matter:
            of.setdefault(one.matter, {})[one.target] = one.answer
    for matter, answers in of.items():
        sides = pd.concat([rows.loc[rows["target"] == target] for target in answers])
        if len({*sides["paper"]}) > 1:
            table = sides.loc[:, SHOWN].assign(answer=[answers[t] for t in sides["target"]])
            shown = table.loc[:, [SHOWN[0], "answer", *SHOWN[1:]]]
            yield f"### {matter}\n\n{Table('sides', shown, '').markdown()}"


def _with_papers(rows: pd.DataFrame) -> Iterator[str]:
    failed = rows.loc[rows["verdict"].str.startswith("not reproduced")]
    if len(failed):
        shown = failed.loc[:, [name for name in [*SHOWN, "seeds", "scale"] if name != "verdict"]]
        table = Table("failed", shown, "").markdown()
        yield f"### What the papers say and these runs do not show\n\n{table}"
