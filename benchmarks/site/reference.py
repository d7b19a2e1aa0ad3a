"""The reference: a page a room, and one for every class and function that it makes public."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

ROOMS = {
    "layers": "keras_norms.layers",
    "weights": "keras_norms.weights",
    "schemes": "keras_norms.schemes",
    "normfree": "keras_norms.normfree",
    "surgery": "keras_norms.surgery",
    "probes": "keras_norms.probes",
    "kernels": "keras_norms.kernels",
    "training": "keras_norms.lab.training",
    "max_learning_rate": "keras_norms.lab.max_learning_rate",
    "experiment": "keras_norms.lab.experiment",
    "claim": "keras_norms.lab.claim",
    "inequality": "keras_norms.lab.inequality",
    "quantity": "keras_norms.lab.quantity",
}
HIDDEN = "call, build, build_from_config, get_config, from_config, compute_output_shape"
SENTENCE = re.compile(r".+?(?:\.(?=\s|$)|$)", re.S)


def write_reference(folder: Path, rooms: Mapping[str, str] = ROOMS) -> list[str]:
    """Writes the pages; returns the rooms that have one."""
    for room, package in rooms.items():
        module = importlib.import_module(package)
        things = dict(public(module))
        (folder / room).mkdir(parents=True)
        (folder / f"{room}.md").write_text(_room(room, module, things), encoding="utf-8")
        for name, thing in things.items():
            text = _page(f"{package}.{name}", name, thing)
            (folder / room / f"{name}.md").write_text(text, encoding="utf-8")
    return [*rooms]


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The classes and functions that a package offers, or that a module defines, by name."""
    home = "keras_norms." if hasattr(module, "__path__") else module.__name__
    for name in sorted(dir(module)):
        thing = getattr(module, name)
        if inspect.isroutine(thing) or inspect.isclass(thing):
            ours = (thing.__module__ or "").startswith(home)
            if ours and not name.startswith("_"):
                yield name, thing


def _room(room: str, module: ModuleType, things: Mapping[str, Any]) -> str:
    rows = "".join(
        f"| [`{name}`]({room}/{name}.md) | {_first(t)} |\n" for name, t in things.items()
    )
    listed = "\n".join(f"{room}/{name}" for name in things)
    return (
        f"# {module.__name__}\n\n{inspect.cleandoc(module.__doc__ or '')}\n\n"
        f"| name | what it is |\n| --- | --- |\n{rows}\n"
        f"```{{toctree}}\n:hidden:\n:maxdepth: 1\n\n{listed}\n```\n"
    )


def _first(thing: Any) -> str:
    """The first sentence of its docstring, on one line."""
    found = SENTENCE.match(inspect.cleandoc(thing.__doc__ or ""))
    return " ".join(found[0].split()).replace("|", "\\|") if found else ""


def _page(dotted: str, name: str, thing: Any) -> str:
    kind, members = "function", ""
    if inspect.isclass(thing):
        kind, members = "class", f"   :members:\n   :exclude-members: {HIDDEN}\n"
    return f"# {name}\n\n```{{eval-rst}}\n.. auto{kind}:: {dotted}\n{members}```\n"
