"""Where TensorFlow Datasets has put a prepared set, found without TensorFlow.

data_dir / name [/ config] / version / dataset_info.json
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from keras_norms.lab.errors import BadInput

NAME = re.compile(r"(?P<path>\w[\w.-]*(/\w[\w.-]*)?)(:(?P<version>\d+\.\d+\.\d+))?")
VERSION = re.compile(r"\d+\.\d+\.\d+")  # what a download left half done has another name
INFO = "dataset_info.json"


def default_data_dir() -> Path:
    """Where TensorFlow Datasets looks when it is told nothing."""
    return Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets")


def find(name: str, data_dir: Path) -> Path | None:
    """The folder of the set `name[/config][:version]`, of its newest version; None without one.

    Raises:
        BadInput: a name that no set can have, or one of several configurations left out.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise BadInput(f"data={name!r} is no name of a data set: write name[/config][:version]")
    home = data_dir / match["path"]
    found = [info.parent for info in home.glob(f"{match['version'] or '*'}/{INFO}")]
    if not found:
        found = [info.parent for info in home.glob(f"*/{match['version'] or '*'}/{INFO}")]
        configs = sorted({folder.parent.name for folder in found})
        if len(configs) > 1:
            raise BadInput(
                f"data={name!r} is prepared in several configurations: write one of "
                + ", ".join(f"{match['path']}/{config}" for config in configs)
            )
    found = [folder for folder in found if VERSION.fullmatch(folder.name)]
    return max(found, key=_version, default=None)


def near(name: str, data_dir: Path) -> str:
    """What to say of the sets that are there to someone who asked for another."""
    there = sorted(folder.name for folder in data_dir.glob("*/") if _holds_a_set(folder))
    if close := difflib.get_close_matches(name, [*there, "digits"], n=3):
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"prepared there: {', '.join(there) or 'nothing'}"


def _holds_a_set(folder: Path) -> bool:
    return any(True for depth in ("*", "*/*") for _ in folder.glob(f"{depth}/{INFO}"))


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, folder.name.split(".")))
