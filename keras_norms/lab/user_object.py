"""The user's own objects in specs, `@module.attribute`: found without importing, and imported."""

from __future__ import annotations

import functools
import hashlib
import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from keras_norms.lab.errors import BadInput

HOW = "write @module.attribute of a file that Python finds from here, as in @mymodule.build"


def is_user_object(name: str) -> bool:
    return name.startswith("@")


@functools.cache
def digest(field: str, name: str) -> str:
    """Hash of the source file that the object stands in; what it imports is not followed.

    Raises:
        BadInput: there is no such file.
    """
    module, _, attribute = name.removeprefix("@").rpartition(".")
    found = _located(module) if module and attribute else None
    if found is None or not found.origin or not Path(found.origin).is_file():
        raise BadInput(f"Invalid {field}={name!r}: it cannot be found; {HOW}")
    return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()[:16]


def load(field: str, name: str) -> Any:
    """The object itself.

    Raises:
        BadInput: it cannot be imported.
    """
    module, _, attribute = name.removeprefix("@").rpartition(".")
    if not {"", str(Path.cwd())} & set(sys.path):
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` does
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(
            f"Invalid {field}={name!r}: it cannot be imported ({error}); {HOW}"
        ) from error


def _located(module: str) -> ModuleSpec | None:
    """The module's file, without running the packages around it as `importlib.util` would."""
    path, found = None, None
    for end in range(module.count(".") + 1):
        name = ".".join(module.split(".")[: end + 1])
        here = [str(Path.cwd()), *sys.path] if path is None else path
        found = PathFinder.find_spec(name, here)
        if found is None:
            return None
        path = found.submodule_search_locations
    return found
