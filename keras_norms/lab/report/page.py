"""The report: one HTML page that needs no other file, and the same as Markdown."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table
from keras_norms.lab.report.whole_files import write_text


@dataclass(frozen=True)
class Section:
    """What one experiment has to say.

    Attributes:
        title: its heading.
        summary: sentences with the result, each a paragraph.
        card: the experiment's card (paper, set-up, cost, command), printed as it is.
        provenance: the line that says where the numbers come from.
    """

    title: str
    summary: Sequence[str]
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    card: str = ""
    provenance: str = ""


@dataclass(frozen=True)
class Report:
    """A page of sections, with its tables and figures as files beside it."""

    title: str
    sections: Sequence[Section] = field(default_factory=tuple)

    def write(self, folder: Path, name: str = "report") -> tuple[Path, Path]:
        """Writes `<name>.html`, `<name>.md` and `tables/` into `folder`; returns both pages.

        Raises:
            OSError: the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for section in self.sections:
            for table in section.tables:
                table.write(folder / "tables", section.provenance)
        html, markdown = folder / f"{name}.html", folder / f"{name}.md"
        write_text(html, self.html())
        write_text(markdown, self.markdown(folder))
        return html, markdown

    def html(self) -> str:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["embedded"] = embedded
        return environment.get_template("page.html").render(report=self)

    def markdown(self, folder: Path) -> str:
        """The page as Markdown, its figures linked relative to `folder`."""
        parts = [f"# {self.title}"]
        for section in self.sections:
            parts += [f"## {section.title}", *section.summary]
            for figure in section.figures:
                link = figure.png.resolve().relative_to(folder.resolve()).as_posix()
                parts += [f"![{figure.name}]({link})", f"*{figure.caption}*"]
            for table in section.tables:
                parts += [f"**{table.caption}**", table.markdown()]
            if section.card:
                parts += [f"```text\n{section.card.strip()}\n```"]
            if section.provenance:
                parts += [f"<sub>{section.provenance}</sub>"]
        return "\n\n".join(parts) + "\n"


def embedded(figure: Figure) -> str:
    """The figure's PNG as a data URL."""
    return "data:image/png;base64," + base64.b64encode(figure.png.read_bytes()).decode("ascii")
