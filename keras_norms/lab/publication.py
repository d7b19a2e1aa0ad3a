"""The page of experiments: sections, `claims.csv` and the compact record of the runs beside it."""

from __future__ import annotations

import dataclasses
import errno
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from keras_norms.lab.claim import Claim, rows
from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Incomplete
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.ledger.archive import ENDING, write_archive
from keras_norms.lab.provenance import described
from keras_norms.lab.report.claims import claims_table, ranges_table
from keras_norms.lab.report.page import Report, Section
from keras_norms.lab.report.tables import harmless
from keras_norms.lab.report.whole_files import write_text
from keras_norms.lab.walk import Walk

CLAIMS = "claims.csv"
COLUMNS = (
    *("paper", "experiment", "target", "claim", "inequality", "unit", "paper_value", "ours"),
    *("low", "high", "coverage", "seeds", "verdict", "scale", "data", "model", "device"),
    *("processor", "versions", "commit", "command", "date"),
)


@dataclasses.dataclass(frozen=True)
class Part:
    """An experiment as it was run.

    Attributes:
        walk: its plan, as far as the ledger has it.
        scale: the preset.
        command: that it is made with.
        entry: the record that says so, which `report` finds again.
    """

    walk: Walk
    scale: str = "cpu"
    command: str = ""
    entry: Record | None = None


def publish(
    parts: Sequence[Part],
    ledger: Ledger,
    out: Path,
    page: str,
    *,
    verdicts: bool = True,
) -> Path:
    """Writes `<page>.html` and `.md`, tables, figures, claims and the archive; returns the page.

    Args:
        verdicts: whether claims are judged; else their ranges are printed alone.

    Raises:
        BadInput: the folder cannot be written, or nothing is there to show.
    """
    writable(out)
    try:
        html, markdown, sections = _written(parts, ledger, out, page, verdicts)
    except OSError as error:
        raise _unwritable(out, error) from error
    for section in sections:
        print(f"\n{section.title}", *section.summary, sep="\n")
    print(f"\nreport: {html} (and {markdown.name})")
    return html


def _written(
    parts: Sequence[Part], ledger: Ledger, out: Path, page: str, verdicts: bool
) -> tuple[Path, Path, list[Section]]:
    sections, told = [], []
    for part in parts:
        one, claimed = _section(part, ledger, out, verdicts)
        sections.append(one)
        told += claimed
    shown = dict.fromkeys(part.walk.experiment.name().partition(".")[0] for part in parts)
    report = Report(f"keras-norms: {', '.join(shown)}", sections)
    html, markdown = report.write(out, page)
    if verdicts:
        frame = pd.DataFrame(told, columns=COLUMNS)
        write_text(out / CLAIMS, frame.map(harmless).to_csv(index=False))
    write_archive(out / f"records{ENDING}", _records(parts, ledger))
    return html, markdown, sections


def writable(folder: Path) -> Path:
    """`folder`, created where it is not there.

    Raises:
        BadInput: it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> BadInput:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    instead = "free some space" if full else "name a folder that can"
    return BadInput(
        f"--out {folder} cannot be written ({error.strerror or error}): {instead} and run the same "
        "command again; finished runs are saved"
    )


def _section(
    part: Part, ledger: Ledger, out: Path, verdicts: bool
) -> tuple[Section, list[dict[str, Any]]]:
    experiment, found = part.walk.experiment, part.walk.found
    missing = part.walk.missing()
    found.folder = out / "figures"
    made = [r for job in found.jobs if (r := ledger.get(job.parts[""]))]
    summary: list[str] = []
    if not found.complete:
        summary.append(f"{len(found.jobs) - len(missing)} of {len(found.jobs)} jobs are done.")
    figures, tables, claims = [], [], list[Claim]()
    try:
        claims = list(experiment.claims(found))
        if claims and verdicts:
            tables.append(claims_table(experiment.name(), claims, seconds=seeded_seconds(made)))
        tables += [ranges_table(experiment.name(), claims)] if claims and not verdicts else []
        own = type(experiment).summary is not Experiment.summary
        summary += experiment.summary(found) if verdicts or own else []
        tables += experiment.tables(found)
        figures += experiment.figures(found)
    except Incomplete as error:
        summary.append(f"Still to come: {error}.")
    section = Section(
        title=experiment.title(),
        summary=summary,
        figures=figures,
        tables=tables,
        card=experiment.card(),
        provenance=provenance_line(part, made),
    )
    return section, [_row(part, made, row) for row in rows(claims)]


def seeded_seconds(made: Sequence[Record]) -> float:
    """A worker's time for all seeds together; jobs without a seed are done once."""
    seeded = [record for record in made if record.job.get("seed") is not None]
    return sum(record.provenance["seconds"] for record in seeded)


def provenance_line(part: Part, made: Sequence[Record]) -> str:
    """How many jobs, made where, with which options and command."""
    origins = sorted({described(record.provenance) for record in made})
    options = part.walk.experiment.options()
    said = ", ".join(f"{name} {_plain(value)}" for name, value in options.items())
    command = f" Command: `{part.command}`" if part.command else ""
    return f"{len(made)} jobs: {'; '.join(origins)}. Settings: {said}.{command}"


def _row(part: Part, made: Sequence[Record], row: dict[str, Any]) -> dict[str, Any]:
    experiment = part.walk.experiment
    name = experiment.name()
    versions = _joined(f"keras {r.provenance['keras']}, {r.provenance['library']}" for r in made)
    return {
        "paper": experiment.paper or name.partition(".")[0],
        "experiment": name,
        **row,
        "scale": part.scale,
        "data": _joined(str(record.job.get("data", "")) for record in made),
        "model": _joined(str(record.job.get("model", "")) for record in made),
        "device": _joined(record.provenance["device"] for record in made),
        "processor": _joined(record.provenance["processor"] for record in made),
        "versions": versions,
        "commit": _joined(record.provenance["commit"] for record in made),
        "command": part.command,
        "date": max((record.provenance["date"] for record in made), default=""),
    }


def _records(parts: Sequence[Part], ledger: Ledger) -> Iterable[Record]:
    keys = {key for part in parts for job in part.walk.found.jobs for key in job.parts.values()}
    found = [record for key in sorted(keys) if (record := ledger.get(key))]
    return [*found, *(part.entry for part in parts if part.entry)]


def _joined(values: Iterable[str]) -> str:
    return "; ".join(sorted({value for value in values if value}))


def _plain(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
