"""What is to be judged: each target, the experiment that decides it, and what is not run yet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from keras_norms.lab.errors import BadInput

NOT_RUN, NEEDS_GPU = "not run", "needs a GPU"


class Planned(NamedTuple):
    """A row of a table of targets.

    Attributes:
        target: its name, as claims bear it; one that two experiments decide has two rows.
        paper: the folder of its page.
        experiment: that decides it, "" where none is written yet.
        scale: the least preset at which it is decided.
        claim: what the paper says, in a sentence of ours.
        matter: a question that papers answer differently, or "".
        answer: this paper's.
    """

    target: str
    paper: str
    experiment: str
    scale: str
    claim: str
    matter: str = ""
    answer: str = ""

    @property
    def verdict(self) -> str:
        return NOT_RUN if self.scale == "cpu" else NEEDS_GPU

    def command(self, program: str) -> str:
        """That would decide it."""
        if not self.experiment:
            return ""
        scale = "" if self.scale == "cpu" else f" --scale {self.scale}"
        return f"python -m {program} run {self.experiment}{scale} --out results"


def read_planned(file: Path) -> list[Planned]:
    """The rows of a CSV file with the columns of `Planned`.

    Raises:
        BadInput: other columns, or a target and experiment twice.
    """
    frame = pd.read_csv(file, keep_default_na=False)
    if tuple(frame.columns) != Planned._fields:
        raise BadInput(
            f"{file} has the columns {', '.join(frame.columns)}: write {', '.join(Planned._fields)}"
        )
    twice = frame[frame.duplicated(["target", "experiment"])]
    if len(twice):
        row = twice.iloc[0]
        raise BadInput(
            f"{file} has target {row.target!r} with experiment {row.experiment!r} twice: "
            "write one row"
        )
    return [Planned(*row) for row in frame.itertuples(index=False)]


def unjudged(claims: pd.DataFrame, planned: Iterable[Planned], program: str) -> pd.DataFrame:
    """Rows of claims for what no page has judged, without numbers.

    Args:
        claims: the rows of all pages.
        planned: all that is to be judged.
        program: the package that the experiments are run from.
    """
    judged = {*zip(claims["target"], claims["experiment"], strict=True)}
    judged |= {(target, "") for target in claims["target"]}
    rows = [
        {
            **{name: getattr(one, name) for name in ("paper", "experiment", "target", "claim")},
            "verdict": one.verdict,
            "scale": one.scale,
            "command": one.command(program),
            "page": one.paper,
        }
        for one in planned
        if (one.target, one.experiment) not in judged
    ]
    return pd.DataFrame(rows, columns=claims.columns, dtype=str).fillna("")
