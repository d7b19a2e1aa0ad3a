"""All claims of all pages on one: what holds, what does not, and what cannot be said."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.disagreements import disagreements
from keras_norms.lab.report.planned import NEEDS_GPU, NOT_RUN, Planned, unjudged
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.report.whole_files import write_text

CLAIMS = "claims.csv"
# A claim is one by all that tells its rows on a page from those of another set-up.
OF_A_CLAIM = ["paper", "experiment", "claim", "scale", "device"]
LEVEL = 0.95
DECIDED = ("reproduced", "not reproduced")
TO_COME = {NOT_RUN: "that are not run", NEEDS_GPU: "that need a GPU"}
UNWRITTEN = "no experiment yet"
KINDS = (*DECIDED, "undecided", "no power here", *TO_COME)


def scoreboard(
    results: Path, planned: Sequence[Planned] = (), program: str = "benchmarks"
) -> list[Path]:
    """Writes `README.md` and `claims.csv` into a folder of pages; their paths.

    Args:
        results: holds a folder a page, each with its `claims.csv`.
        planned: what is to be judged; what no page has yet is shown with its command.
        program: the package that the experiments are run from.

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
    judged = pd.concat(read, ignore_index=True)
    frame = pd.concat([judged, unjudged(judged, planned, program)], ignore_index=True)
    claims = frame.groupby([*OF_A_CLAIM, "page"], sort=False, as_index=False)
    rows = pd.DataFrame([_row(part) for _, part in claims])
    rows = rows.sort_values("page", kind="stable", ignore_index=True)
    links = {page.parent.name for page in pages}
    parts = ["# What holds", _counts(rows), *disagreements(rows, planned), *_papers(rows, links)]
    made = f"Made by `python -m {program} scoreboard` from the pages' `claims.csv`."
    written = results / "README.md", results / CLAIMS
    write_text(written[0], "\n\n".join([*parts, made]) + "\n")
    write_text(written[1], frame.drop(columns="page").to_csv(index=False))
    return [*written]


def _row(claim: pd.DataFrame) -> dict[str, str]:
    first = claim.iloc[0]
    to_come = first["verdict"] in TO_COME
    return {
        **{name: str(first[name]) for name in ("paper", "page", "claim", "verdict")},
        "paper's number": str(first["paper_value"]) or "–",
        "ours": "–" if to_come else _ours(claim),
        "seeds": "–" if to_come or _is_exact(claim) else str(first["seeds"]),
        **{name: str(first[name]) or "–" for name in ("scale", "target", "date")},
        "command": f"`{first['command']}`" if first["command"] else UNWRITTEN,
    }


def _ours(claim: pd.DataFrame) -> str:
    first, more = claim.iloc[0], len(claim) - 1
    low, high = (float(first[name]) for name in ("low", "high"))
    interval = "" if low == high else f" [{number(low)}, {number(high)}]"
    return number(float(first["ours"])) + interval + (f" and {more} more" if more else "")


def _is_exact(claim: pd.DataFrame) -> bool:
    return bool((claim["coverage"].astype(float) == 1).all())


def _kind(verdict: str) -> str:
    """The verdict without its reasons."""
    known = sorted(KINDS, key=len, reverse=True)
    return next((kind for kind in known if verdict.startswith(kind)), verdict)


def _counts(rows: pd.DataFrame) -> str:
    kinds = rows["verdict"].map(_kind)
    table = pd.crosstab(rows["paper"], kinds)
    order = [*(kind for kind in KINDS if kind in table), *(k for k in table if k not in KINDS)]
    table = table[order]
    table.loc["all"] = table.sum()
    judged = rows.loc[~kinds.isin(TO_COME)]
    by_seeds = len(rows.loc[kinds.isin(DECIDED) & (rows["seeds"] != "–")])
    wrong = math.ceil(by_seeds * (1 - LEVEL))
    to_come = [f"{n} {told}" for kind, told in TO_COME.items() if (n := [*kinds].count(kind))]
    said = (
        f"{len(judged)} claims of {len({*judged['paper']})} papers. {by_seeds} are decided by "
        f"seeds, each at {LEVEL:.0%}: expect up to {wrong} of these verdicts to be wrong. An "
        "interval is that of the median over seeds; where a claim is several inequalities, the "
        "first is shown, and its page has all."
    )
    if to_come:
        said += f" To come: {' and '.join(to_come)}{_unwritten(rows)}."
    return f"{said}\n\n{Table('counts', table.reset_index(), '').markdown()}"


def _unwritten(rows: pd.DataFrame) -> str:
    n = [*rows["command"]].count(UNWRITTEN)
    return f"; {n} of them have no experiment yet" if n else ""


def _papers(rows: pd.DataFrame, links: Collection[str]) -> Iterable[str]:
    for page, part in rows.groupby("page", sort=False):
        title = f"[{page}]({page}/report.md)" if page in links else page
        shown = part.drop(columns=["paper", "page"])
        yield f"## {title}\n\n{Table(str(page), shown, '').markdown()}"
