"""What a spec says: named terms with arguments, and their canonical text."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

POSITIONAL = ""  # the key of a value that has none

WORD = re.compile(r"[A-Za-z_@~./][A-Za-z0-9_./@~-]*")
NAME = re.compile(r"@?[A-Za-z_][A-Za-z0-9_./-]*")
KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*=")
NUMBER = re.compile(
    r"[+-]?(?:inf|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?=[\s,()\[\]+]|$)"
)
CONSTANTS = {"true": True, "false": False, "none": None}
HOW = "Write 'name' or 'name:key=value,...', as in 'group:groups=8'."

Value = Any  # None | bool | int | float | str | tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Term:
    """One named part of a spec; terms are equal where their texts are.

    Attributes:
        name: what it names, or `@module.attribute`.
        arguments: by key, sorted; a value without a key has the key `POSITIONAL`.
        inner: the spec in parentheses, as in `proxy(layer)`; None where there is none.

    Raises:
        ValueError: a name, key or value that a spec cannot say.
    """

    name: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    inner: Spec | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{shown(self.name)} is no name. {HOW}")
        for key in self.arguments:
            if key != POSITIONAL and not KEY.fullmatch(f"{key}="):
                raise ValueError(f"{shown(str(key))} is no key of an argument. {HOW}")
        ordered = {key: _plain(self.arguments[key]) for key in sorted(self.arguments)}
        object.__setattr__(self, "arguments", ordered)

    def __str__(self) -> str:
        given = ",".join(
            f"{key}={_written(value)}" if key else _written(value)
            for key, value in self.arguments.items()
        )
        name = self.name if self.inner is None else f"{self.name}({self.inner})"
        return f"{name}:{given}" if given else name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class Spec(tuple[Term, ...]):
    """The terms of a spec; `str` is its canonical text, which `parse` reads back."""

    def __str__(self) -> str:
        return "+".join(map(str, self))


def _plain(value: Any) -> Value:
    """Lists as tuples and NumPy's numbers as Python's."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) and not math.isnan(value):
        return float(value)
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    raise ValueError(
        f"{value!r} cannot stand in a spec: its values are numbers, true, false, none, texts and "
        "lists of these."
    )


def _written(value: Value) -> str:
    if isinstance(value, tuple):
        return f"({','.join(map(_written, value))})"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    bare = WORD.fullmatch(value) and not NUMBER.fullmatch(value)
    bare = bare and value.lower() not in CONSTANTS
    return value if bare else "'" + re.sub(r"([\\'])", r"\\\1", value) + "'"


def shown(text: str, most: int = 60) -> str:
    return repr(text) if len(text) <= most else f"{text[:most]!r}..."
