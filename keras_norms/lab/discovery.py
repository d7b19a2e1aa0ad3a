"""Experiments are found by their package: nobody lists them anywhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import PLACE, Experiment

# What an experiment looks like in its source, so that listing imports no other file.
DEFINES = re.compile(r"^@dataclass\(frozen=True, kw_only=True\)\nclass \w+\(", re.M)
BASE = "Experiment"  # ends the name of a class that others derive from


def discover(package: str) -> dict[str, type[Experiment]]:
    """By name every experiment of a package and the packages inside, in the order of the files.

    Raises:
        BadInput: a file that cannot be imported, that is called like a place in a paper and holds
            no experiment, or two experiments of one name.
    """
    found: dict[str, type[Experiment]] = {}
    for name, path in _modules(importlib.import_module(package)):
        for kind in _experiments(name, path):
            other = found.setdefault(kind.name(), kind)
            if other is not kind:
                raise BadInput(
                    f"{path}: {kind.__qualname__} and {other.__qualname__} of {other.__module__} "
                    f"are both called {kind.name()!r}; rename one of the files"
                )
    return found


def _modules(package: ModuleType) -> Iterator[tuple[str, Path]]:
    infos = sorted(pkgutil.walk_packages(package.__path__, f"{package.__name__}."), key=_order)
    for info in infos:
        spec = info.module_finder.find_spec(info.name, None)  # type: ignore[call-arg]
        if spec and spec.origin and not info.ispkg:
            yield info.name, Path(spec.origin)


def _order(info: pkgutil.ModuleInfo) -> list[tuple[int, str]]:
    """Numbers inside names count as numbers, as a paper's figures do."""
    pieces = re.split(r"(\d+)", info.name)
    return [(int(p), "") if p.isdigit() else (0, p) for p in pieces]


def _experiments(name: str, path: Path) -> list[type[Experiment]]:
    if not DEFINES.search(path.read_text(encoding="utf-8")):
        if PLACE.match(path.stem):
            raise BadInput(
                f"{path} is called like a place in a paper and holds no experiment: give it a "
                "class that derives from Experiment, or another name"
            )
        return []
    try:
        module = importlib.import_module(name)
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    kinds = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Experiment) and kind.__module__ == name
    ]
    whole = [kind for kind in kinds if not kind.__name__.endswith(BASE)]
    if len(whole) > 1:
        names = " and ".join(kind.__qualname__ for kind in whole)
        raise BadInput(f"{path} holds several experiments, {names}: write one a file")
    for kind in whole:
        # A dataclass without a docstring is given its signature for one.
        if (vars(kind).get("__doc__") or "(").startswith((f"{kind.__name__}(", "(")):
            raise BadInput(f"{path}: {kind.__qualname__} has no card; give it a docstring")
    return whole
