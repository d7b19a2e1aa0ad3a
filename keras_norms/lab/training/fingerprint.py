"""Fingerprint of everything that determines a training curve: run, versions, device, code, data."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import keras_norms
from keras_norms.lab.data import ImageData
from keras_norms.lab.provenance import provenance, threads

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

LATER = ("commit", "date")  # a run is resumed tomorrow as well


def fingerprint(run: Run, data: Any) -> dict[str, Any]:
    """What an outcome of `run` here is made with, JSON-ready; equal ones give equal outcomes.

    The run with its probes, the versions, the device and the threads, and digests of this
    package's code (a commit would say less: files may have changed since), of the user's own files
    (in the run's keys) and of the data.
    """
    made = {name: value for name, value in provenance().items() if name not in LATER}
    return {
        "run": run.as_dict(),
        "parts": run.parts,
        **made,
        "threads": threads(),
        "code": _digest_of_code(),
        "images": _digest_of_data(data) if isinstance(data, ImageData) else data.name,
    }


def difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """The first entry that differs, in words; "" where none does."""
    for name in ours | theirs:
        there, here = theirs.get(name), ours.get(name)
        if there == here:
            continue
        if isinstance(there, dict) and isinstance(here, dict):
            return difference(there, here)
        return f"{name}={there!r}, where this has {here!r}"
    return ""


@functools.cache
def _digest_of_code() -> str:
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(keras_norms.__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


@functools.lru_cache(1)
def _digest_of_data(data: ImageData) -> str:
    found = hashlib.blake2b(digest_size=8)
    for array in (data.x_train, data.y_train, data.x_test, data.y_test):
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(np.ascontiguousarray(array))
    return found.hexdigest()
