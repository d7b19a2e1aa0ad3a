"""Decoded images on disk, readable with NumPy alone."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from keras_norms.lab.errors import BadInput

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
FACTS = "facts.json"


class Damaged(BadInput):
    """A cache that is cut short."""


class Cache:
    """One data set's arrays in one folder: four `.npy` files, and the facts about them.

    Args:
        name: of the data set.
        root: folder of all caches; by default `$KERAS_NORMS_CACHE`, else `~/.cache/keras_norms`.
    """

    def __init__(self, name: str, root: str | Path | None = None) -> None:
        root = root or os.environ.get("KERAS_NORMS_CACHE") or Path.home() / ".cache" / "keras_norms"
        self.folder = Path(root).expanduser() / name.replace(":", "@")

    def read(self, source: str | None = None) -> tuple[dict[str, np.ndarray], int] | None:
        """Arrays and number of classes; None where there is no cache, or none of `source`.

        Args:
            source: what identifies the prepared set; any will do where it is None.

        Raises:
            Damaged: a file that is cut short, named.
        """
        try:
            facts = json.loads((self.folder / FACTS).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._damaged(FACTS) from error
        if source not in (None, facts.get("source")):
            return None
        return {key: self._array(key, facts) for key in ARRAYS}, facts["classes"]

    def write(self, arrays: dict[str, np.ndarray], classes: int, source: str) -> None:
        """Each file is written beside its place and renamed; a kill leaves a cache or none."""
        with self._writing():
            # The facts go first and come last: no reader takes old facts for new arrays.
            (self.folder / FACTS).unlink(missing_ok=True)
            for key, array in arrays.items():
                with self._written(f"{key}.npy") as beside, beside.open("wb") as file:
                    np.save(file, array)
            facts = {
                "classes": classes,
                "source": source,
                "shapes": {key: list(array.shape) for key, array in arrays.items()},
            }
            with self._written(FACTS) as beside:
                beside.write_text(json.dumps(facts, indent=1))

    def require_writable(self) -> None:
        """Raises BadInput where `write` would, before images are decoded for nothing."""
        with self._writing(), tempfile.TemporaryFile(dir=self.folder):
            pass

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise BadInput(
                f"cache_dir={str(self.folder)!r} cannot be written ({error.strerror or error}): "
                "set KERAS_NORMS_CACHE to a folder that can"
            ) from error

    def _array(self, key: str, facts: dict) -> np.ndarray:
        try:
            array = np.load(self.folder / f"{key}.npy", mmap_mode="r")
        except (OSError, EOFError, ValueError) as error:  # the array is longer than the file
            raise self._damaged(f"{key}.npy") from error
        if list(array.shape) != facts["shapes"][key]:
            raise self._damaged(f"{key}.npy")
        return array

    @contextlib.contextmanager
    def _written(self, file: str) -> Iterator[Path]:
        beside = self.folder / f".{file}.{os.getpid()}"
        try:
            yield beside
            beside.replace(self.folder / file)
        finally:
            beside.unlink(missing_ok=True)

    def _damaged(self, file: str) -> Damaged:
        return Damaged(
            f"cache_dir: {str(self.folder / file)!r} is cut short or missing: give the data_dir "
            "that the set was prepared in, to have it decoded again, or copy the file anew"
        )
