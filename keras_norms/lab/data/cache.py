"""Decoded images on disk, readable with NumPy alone."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from keras_norms.lab.errors import BadInput

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
FACTS = "facts.json"


class Cache:
    """One data set's arrays in one folder, written whole or not at all."""

    def __init__(self, name: str, root: str | Path | None = None) -> None:
        root = root or os.environ.get("KERAS_NORMS_CACHE") or Path.home() / ".cache" / "keras_norms"
        self.folder = Path(root) / name.replace("/", "_")

    def read(self) -> tuple[dict[str, np.ndarray], int] | None:
        """Arrays and number of classes, or None where there is no cache or it is cut short."""
        try:
            facts = json.loads((self.folder / FACTS).read_text())
            arrays = {key: np.load(self.folder / f"{key}.npy", mmap_mode="r") for key in ARRAYS}
            whole = all(
                list(arrays[key].shape) == facts["shapes"][key]
                and (self.folder / f"{key}.npy").stat().st_size == facts["bytes"][key]
                for key in ARRAYS
            )
            return (arrays, facts["classes"]) if whole else None
        except (OSError, ValueError, KeyError):
            return None

    @property
    def is_damaged(self) -> bool:
        return self.folder.exists() and self.read() is None

    def write(self, arrays: dict[str, np.ndarray], classes: int) -> None:
        """Write beside, then rename: a kill leaves the old cache or none, never half of one."""
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=".writing-"))
            for key, array in arrays.items():
                np.save(beside / f"{key}.npy", array)
            facts = {
                "classes": classes,
                "shapes": {key: list(array.shape) for key, array in arrays.items()},
                "bytes": {key: (beside / f"{key}.npy").stat().st_size for key in arrays},
            }
            (beside / FACTS).write_text(json.dumps(facts))
            shutil.rmtree(self.folder, ignore_errors=True)
            beside.rename(self.folder)
        except OSError as error:
            raise BadInput(
                f"cache_dir={str(self.folder.parent)!r} cannot be written ({error.strerror}): "
                "set KERAS_NORMS_CACHE to a folder that can"
            ) from error
