"""The site's pages, laid out as they lie in the checkout, so that their links lead on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from itertools import starmap
from pathlib import Path

from benchmarks.site.reference import write_reference

ROOT = Path(__file__).parents[2]
RESULTS = "benchmarks/results"
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)#]+)\)")
PAPER = re.compile(r"[a-z]+\d{4}[a-z]*")
TITLE = re.compile(r"^# .*$", re.M)
SECTION = re.compile(r"^## (.*)$", re.M)
CITED = re.compile(r"[^:\d]+ \d{4}")  # authors and year, by which sections begin


def lay_out(folder: Path) -> None:
    """Writes all pages into a folder, the README as its index."""
    guides = sorted((ROOT / "docs/guides").glob("*.md"))
    docs = sorted((ROOT / "docs").glob("*.md"))
    about = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    found = [*(ROOT / RESULTS).glob("*/*.md"), *(ROOT / "studies/results").glob("*/*.md")]
    scoreboard = ROOT / RESULTS / "README.md"
    papers = sorted(page for page in found if PAPER.fullmatch(page.parent.name))
    others = sorted(page for page in found if page not in papers)
    for page in (*guides, *docs, *about, scoreboard):
        _write(folder / page.relative_to(ROOT), page.read_text(encoding="utf-8"), page)
    for page in found:
        _write(folder / page.relative_to(ROOT), _titled(page), page)
    rooms = write_reference(folder / "reference")
    trees = {
        "Guides": map(_name, [*guides, *docs]),
        "Reference": [f"reference/{room}" for room in rooms],
        "What holds": map(_name, [scoreboard, *papers]),
        "Measurements": map(_name, others),
        "The project": map(_name, about),
    }
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8") + "".join(starmap(_tree, trees.items()))
    _write(folder / "index.md", text, readme)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT).with_suffix(""))


def _titled(page: Path) -> str:
    """A page of results with a title that says what it is, and sections that do not repeat it."""
    text, folder = page.read_text(encoding="utf-8"), page.parent.name
    sections = SECTION.findall(text)
    cited = CITED.match(sections[0]) if sections and PAPER.fullmatch(folder) else None
    if cited:
        text = SECTION.sub(lambda found: f"## {_shortened(found[1], cited[0])}", text)
        title = cited[0]
    elif len(sections) == 1:
        title, text = sections[0], SECTION.sub("", text, count=1)
    else:
        title = folder if page.stem in (folder, "report") else f"{folder}: {page.stem}"
    return f"# {title}\n\n{TITLE.sub('', text, count=1)}"


def _shortened(section: str, title: str) -> str:
    """A section's heading without the authors and year in front, which are the page's title."""
    rest = section.removeprefix(title).lstrip(",: ")
    return rest[:1].upper() + rest[1:]


def _tree(title: str, pages: Iterable[str]) -> str:
    listed = "\n".join(pages)
    return f"\n```{{toctree}}\n:caption: {title}\n:hidden:\n:maxdepth: 1\n\n{listed}\n```\n"


def _write(place: Path, text: str, source: Path) -> None:
    """A page and the pictures it shows."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    for picture in PICTURE.findall(text):
        target = place.parent / picture
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source.parent / picture, target)
