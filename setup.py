"""The README for a package index: its links and pictures, relative in the clone, made absolute."""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
LINK = re.compile(r"(!?)(\[[^\]]*\]\()(?!https?://|#)([^)]+)\)")


def described(readme: str, home: str, version: str) -> str:
    """The text with its relative links pointing at the tag of this version."""
    return LINK.sub(
        lambda link: (
            f"{link[1]}{link[2]}{home}/{'raw' if link[1] else 'blob'}/v{version}/{link[3]})"
        ),
        readme,
    )


if __name__ == "__main__":
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    version = re.search(r'"(.+)"', (ROOT / "keras_norms/version.py").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=described(readme, settings["metadata"]["url"], version[1]),
        long_description_content_type="text/markdown",
    )
