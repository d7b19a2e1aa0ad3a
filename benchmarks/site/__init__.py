"""`python -m benchmarks site`: guides, papers and reference as a site that needs no server."""

from __future__ import annotations

import importlib.util
import io
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ABOUT = "write guides, papers and API reference as a static site (extra site)"
OUT = Path("site")
NEEDED = {"sphinx": "Sphinx", "furo": "Furo", "myst_parser": "MyST"}
INDEX = "searchindex.js"  # what a site has and no other folder


def write(out: Path) -> Sequence[Path]:
    """The site's first page.

    Args:
        out: a folder that is new, empty, or an earlier site.

    Raises:
        BadInput: the generator is not installed, or the folder holds something else.
    """
    from keras_norms.lab.errors import BadInput

    missing = [name for module, name in NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        raise BadInput(
            f"the site is made by {', '.join(NEEDED.values())}, and {missing[0]} is not installed; "
            "pip install -e '.[site]'"
        )
    if not out.is_dir() and out.exists():
        raise BadInput(f"--out {out} is a file: name a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / INDEX).exists():
        raise BadInput(f"--out {out} holds something else than a site: name an empty folder")
    for line in build(out):
        print(f"warning: {line}", file=sys.stderr)
    return [out / "index.html"]


def build(out: Path) -> list[str]:
    """Makes the site; returns what the generator warned of."""
    from sphinx.application import Sphinx

    from benchmarks.site.pages import lay_out

    said = io.StringIO()
    with tempfile.TemporaryDirectory() as place:
        pages, seen = Path(place).resolve() / "pages", Path(place).resolve() / "seen"
        lay_out(pages)
        app = Sphinx(pages, Path(__file__).parent, out, seen, "html",
                     status=None, warning=said, freshenv=True)  # fmt: skip
        app.build(force_all=True)
        # Notes of the generator to itself.
        (out / ".buildinfo").unlink(missing_ok=True)
        text = re.sub(r"\x1b\[[\d;]*m", "", said.getvalue()).replace(f"{pages}/", "")
    return [*dict.fromkeys(text.splitlines())]
