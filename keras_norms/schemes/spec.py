"""Spec strings: `name:key=value,...`, joined by `+`, nested as `name(spec)`."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass, field
from typing import Any

from keras_norms.schemes.registry import REGISTRY, names


@dataclass(frozen=True)
class Term:
    """One named part of a spec.

    Attributes:
        name: in the registry, or "none".
        arguments: constructor arguments.
        inner: the spec in parentheses, as in `proxy(layer)`; empty where there is none.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    inner: str = ""

    def __str__(self) -> str:
        given = ",".join(f"{key}={value}" for key, value in self.arguments.items())
        name = f"{self.name}({self.inner})" if self.inner else self.name
        return f"{name}:{given}" if given else name


def parse(spec: str) -> list[Term]:
    """The terms of a spec.

    Raises:
        ValueError: an unknown name or argument, with the nearest valid ones; a malformed spec.
    """
    return [_term(text.strip(), spec) for text in _split(spec, "+")]


def check(term: Term, spec: str) -> None:
    """Raises ValueError for a name or an argument that the registry does not have."""
    _require_known("name", term.name, names(), spec)
    for key in term.arguments:
        _require_known("argument", key, _allowed(term.name), spec)


def _term(text: str, spec: str) -> Term:
    head, *rest = _split(text, ":", most=1)
    name, _, inner = head.partition("(")
    if inner and not inner.endswith(")"):
        raise ValueError(f"Argument `spec`={spec!r}: the parenthesis after {name!r} is not closed.")
    _require_known("name", name, names(), spec)
    if inner and not (name != "none" and REGISTRY[name].around):
        raise ValueError(
            f"Argument `spec`={spec!r}: {name!r} takes no parenthesis. Write its arguments behind "
            f"a colon, as in 'group:8'. Received: {head!r}"
        )
    arguments: dict[str, Any] = {}
    for position, given in enumerate(filter(None, _split(rest[0], ",") if rest else [])):
        key, equals, value = given.partition("=")
        if not equals:
            first = next((key for key in _allowed(name) if key != "axis"), None)
            if position or first is None:
                raise ValueError(
                    f"Argument `spec`={spec!r}: {given!r} is not of the form key=value, which only "
                    "the first argument may leave out."
                )
            key, value = first, given
        arguments[key.strip()] = _literal(value.strip())
    term = Term(name, arguments, inner.removesuffix(")"))
    check(term, spec)
    return term


def _split(text: str, separator: str, most: int = -1) -> list[str]:
    """`text` at the separators that are in no bracket, at `most` of them."""
    pieces, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == separator and not depth and len(pieces) != most + 1:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def _allowed(name: str) -> list[str]:
    return [] if name == "none" else REGISTRY[name].arguments


def _require_known(what: str, value: str, valid: list[str], spec: str) -> None:
    if value in valid:
        return
    near = difflib.get_close_matches(value, valid, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise ValueError(
        f"Argument `spec`={spec!r} has an unknown {what} {value!r}. {hint}"
        f"Valid: {', '.join(valid) or 'none at all'}."
    )
