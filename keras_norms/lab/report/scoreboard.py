"""All claims of all pages on one: what holds, what does not, and what cannot be said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.report.whole_files import write_text

CLAIMS = "claims.csv"
# A claim is one by all that tells its rows on a page from those of another set-up.
OF_A_CLAIM = ["paper", "experiment", "claim", "scale", "device"]
LEVEL = 0.95
DECIDED = ("reproduced", "not reproduced")


class Disagreement(NamedTuple):
    """Two papers that say different things of one matter.

    Attributes:
        matter: what they disagree about.
        targets: of the claims of either, as experiments name them.
    """

    matter: str
    targets: Sequence[str]


def scoreboard(results: Path, disagreements: Iterable[Disagreement] = ()) -> list[Path]:
    """Writes `README.md` and `claims.csv` into a folder of pages; their paths.

    Args:
        results: holds a folder a page, each with its `claims.csv`.
        disagreements: shown side by side where both sides have been judged.

    Raises:
        BadInput: no page in the folder has claims.
    """
    pages = sorted(results.glob(f"*/{CLAIMS}"))
    if not pages:
        raise BadInput(
            f"results={str(results)!r} holds no page with claims: write the folder that has one "
            "folder a paper, as benchmarks/results"
        )
    read = [
        pd.read_csv(page, keep_default_na=False).assign(page=page.parent.name) for page in pages
    ]
    frame = pd.concat(read, ignore_index=True)
    claims = frame.groupby([*OF_A_CLAIM, "page"], sort=False, as_index=False)
    rows = pd.DataFrame([_row(part) for _, part in claims])
    parts = ["# What holds", _counts(rows), *_papers(rows), *_apart(rows, disagreements)]
    made = "Made by `python -m benchmarks scoreboard` from the pages' `claims.csv`."
    written = results / "README.md", results / CLAIMS
    write_text(written[0], "\n\n".join([*parts, made]) + "\n")
    write_text(written[1], frame.drop(columns="page").to_csv(index=False))
    return [*written]


def _row(claim: pd.DataFrame) -> dict[str, str]:
    first, more = claim.iloc[0], len(claim) - 1
    low, high = (float(first[name]) for name in ("low", "high"))
    interval = "" if low == high else f" [{number(low)}, {number(high)}]"
    ours = number(float(first["ours"])) + interval + (f" and {more} more" if more else "")
    kept = {name: str(first[name]) for name in ("claim", "scale", "command", "date")}
    seeds = "–" if _is_exact(claim) else str(first["seeds"])
    return {
        **{name: str(first[name]) for name in ("paper", "page", "target")},
        "claim": kept["claim"],
        "paper's number": str(first["paper_value"]) or "–",
        "ours": ours,
        "seeds": seeds,
        "verdict": str(first["verdict"]),
        "scale": kept["scale"],
        "date": kept["date"],
        "command": f"`{kept['command']}`",
    }


def _is_exact(claim: pd.DataFrame) -> bool:
    return bool((claim["coverage"].astype(float) == 1).all())


def _kind(verdict: str) -> str:
    """The verdict without its reasons."""
    known = (*sorted(DECIDED, key=len, reverse=True), "undecided", "no power here")
    return next((kind for kind in known if verdict.startswith(kind)), verdict)


def _counts(rows: pd.DataFrame) -> str:
    kinds = rows["verdict"].map(_kind)
    table = pd.crosstab(rows["paper"], kinds)
    table.loc["all"] = table.sum()
    by_seeds = int((kinds.isin(DECIDED) & (rows["seeds"] != "–")).sum())
    wrong = math.ceil(by_seeds * (1 - LEVEL))
    said = (
        f"{len(rows)} claims of {rows['paper'].nunique()} papers. {by_seeds} are decided by seeds, "
        f"each at {LEVEL:.0%}: expect up to {wrong} of these verdicts to be wrong. An "
        "interval is that of the median over seeds; where a claim is several inequalities, the "
        "first is shown, and its page has all."
    )
    return f"{said}\n\n{Table('counts', table.reset_index(), '').markdown()}"


def _papers(rows: pd.DataFrame) -> Iterable[str]:
    for page, part in rows.groupby("page", sort=False):
        shown = part.drop(columns=["paper", "page", "target"])
        yield f"## [{page}]({page}/report.md)\n\n{Table(str(page), shown, '').markdown()}"


def _apart(rows: pd.DataFrame, disagreements: Iterable[Disagreement]) -> Iterable[str]:
    """The sides of each matter, where there are two."""
    shown = []
    for matter, targets in disagreements:
        sides = rows[rows["target"].isin(targets)]
        if sides["paper"].nunique() > 1:
            columns = ["paper", "claim", "paper's number", "ours", "verdict"]
            shown.append(f"{matter}\n\n{Table('sides', sides[columns], '').markdown()}")
    if shown:
        yield "## Where papers disagree\n\n" + "\n\n".join(shown)
