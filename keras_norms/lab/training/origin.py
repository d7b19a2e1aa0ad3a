"""All that a curve may depend on besides chance, of which there is none."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import keras_norms
from keras_norms.lab.data import ImageData
from keras_norms.lab.provenance import provenance, threads
from keras_norms.lab.training.run import Run


def origin(run: Run, data: ImageData, probe: Callable[..., Any] | None) -> dict[str, Any]:
    """What an outcome of `run` here is made with, JSON-ready; equal ones give equal outcomes.

    The run, the versions, the device and the threads, the probe's name, and digests of this
    package's code (a commit would say less: files may have changed since) and of the data.
    """
    made = {name: value for name, value in provenance().items() if name != "commit"}
    return {
        "run": run.as_dict(),
        **made,
        "threads": threads(),
        "code": _digest_of_code(),
        "images": _digest_of_data(data),
        "probe": _name(probe),
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


def _name(probe: Callable[..., Any] | None) -> str:
    # One without a name of its own is told by its address, which no other process's has.
    return f"{getattr(probe, '__module__', '')}.{getattr(probe, '__qualname__', repr(probe))}"


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
