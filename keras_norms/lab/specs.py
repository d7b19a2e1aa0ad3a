"""Specs with declared arguments: what may be written, what is meant by it, and one canonical text.

A field of a run is a spec, and a table says which names and which arguments it may have. Without a
framework, so that a run can be described, named and refused where none is installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.user_object import is_user_object
from keras_norms.schemes.binding import bind, require_known
from keras_norms.schemes.spec import POSITIONAL, Term, parse

MOST = 1e9  # of whole numbers; what is counted here never comes near


@dataclass(frozen=True)
class Argument:
    """An argument of a spec.

    Attributes:
        default: its value where nothing is written. Once published it never changes, since a spec
            without it would then name something else.
        take: a value as it is written to the value that is meant; raises ValueError or TypeError.
        instead: what can be written.
    """

    default: Any
    take: Callable[[Any], Any]
    instead: str


@dataclass(frozen=True)
class Kind:
    """A name that a spec may have.

    Attributes:
        arguments: in the order of the signature; a value without a key is the first one's.
        builder: `module:function` that makes it, which imports a framework.
        check: raises ValueError for arguments that do not go together.
        cost: of a model, the price of a step in layers of an MLP at batch 64, roughly, by its
            arguments, the pixels of an image and the batch.
    """

    arguments: Mapping[str, Argument] = field(default_factory=dict)
    builder: str = ""
    check: Callable[[Mapping[str, Any]], None] | None = None
    cost: Callable[[Mapping[str, Any], int, int], float] = lambda arguments, pixels, batch: 1.0


Table = Mapping[str, Kind]


@dataclass(frozen=True)
class Chosen:
    """One term of a spec, checked.

    Attributes:
        name: in the table, or `@module.attribute`.
        arguments: all of them, with the defaults of those that were not written.
        text: canonical: arguments sorted, defaults left out.
    """

    name: str
    arguments: dict[str, Any]
    text: str

    def __str__(self) -> str:
        return self.text


def choose(
    name: str, text: str, table: Table, shared: Mapping[str, Argument] | None = None
) -> Chosen:
    """The one term of a field.

    Args:
        name: of the field, for errors.
        text: the spec.
        table: what it may name, besides a user's own object.
        shared: arguments that every one of them has, a user's own too.

    Raises:
        BadInput: a spec that cannot be read, or that says what cannot be.
    """
    terms = read(name, text)
    if len(terms) > 1:
        raise BadInput(f"Invalid {name}={text!r}: it is one and cannot be joined by '+'")
    return chosen(name, text, terms[0], table, shared or {})


def choose_all(name: str, text: str, table: Table) -> list[Chosen]:
    """The terms of a field that may be joined by `+`; see `choose`."""
    return [chosen(name, text, term, table, {}) for term in read(name, text)]


def read(name: str, text: str) -> tuple[Term, ...]:
    """The terms of a field as they are written."""
    if not isinstance(text, str):
        raise BadInput(f"Invalid {name}={text!r}: must be text")
    try:
        return parse(text, name)
    except ValueError as error:
        raise BadInput(f"Invalid {name}={text!r}: {error}") from error


def chosen(
    name: str, text: str, term: Term, table: Table, shared: Mapping[str, Argument]
) -> Chosen:
    own = is_user_object(term.name)
    try:
        if not own:
            require_known("name", term.name, [*table], text, name)
        declared = {**({} if own else table[term.name].arguments), **shared}
        if own and POSITIONAL in term.arguments:
            raise ValueError("arguments of your own object need their names, as in depth=4")
        if term.inner is not None:
            raise ValueError(f"{term.name!r} takes no parentheses")
        keys = [*declared, *(term.arguments if own else ())]
        given = bind(term, keys, name).arguments
        values = {key: _taken(key, given, declared) for key in {**declared, **given}}
        check = None if own else table[term.name].check
        if check is not None:
            check(values)
    except ValueError as error:
        raise BadInput(f"Invalid {name}={text!r}: {error}") from error
    kept = {
        key: _short(value)
        for key, value in values.items()
        if key not in declared or value != declared[key].default
    }
    return Chosen(term.name, values, str(Term(term.name, kept)))


def _taken(key: str, given: Mapping[str, Any], declared: Mapping[str, Argument]) -> Any:
    if key not in given:
        return declared[key].default
    if key not in declared:
        return given[key]
    try:
        return declared[key].take(given[key])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key}={given[key]!r} must be {declared[key].instead}") from error


def _short(value: Any) -> Any:
    """50 for 50.0, which is what is meant by both."""
    if isinstance(value, tuple):
        return tuple(map(_short, value))
    whole = isinstance(value, float) and value.is_integer() and abs(value) <= MOST
    return int(value) if whole else value


def whole(default: int, least: int = 0) -> Argument:
    """A whole number."""

    def take(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST:
            raise ValueError
        return value

    return Argument(default, take, f"a whole number of at least {least}")


def real(default: float, holds: Callable[[float], bool], instead: str) -> Argument:
    """A finite number for which `holds` does."""

    def take(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not (math.isfinite(value) and holds(value)):
            raise ValueError
        return float(value)

    return Argument(default, take, instead)


def share(default: float) -> Argument:
    """A number in [0, 1)."""
    return real(default, lambda value: 0 <= value < 1, "a number in [0, 1)")


def positive(default: float) -> Argument:
    return real(default, lambda value: value > 0, "a positive number")


def at_least_zero(default: float) -> Argument:
    return real(default, lambda value: value >= 0, "a number of at least 0")


def flag(default: bool) -> Argument:
    """true or false."""

    def take(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    return Argument(default, take, "true or false")


def one_of(default: str, *others: str) -> Argument:
    """One of some words."""
    words = (default, *others)

    def take(value: Any) -> str:
        # `none` is a word here too.
        value = "none" if value is None else value
        if value not in words:
            raise ValueError
        return value

    return Argument(default, take, f"one of {', '.join(words)}")


def several(default: tuple, each: Argument) -> Argument:
    """A list such as (1,4,7), or one value alone."""

    def take(value: Any) -> tuple:
        return tuple(each.take(one) for one in (value if isinstance(value, tuple) else (value,)))

    return Argument(default, take, f"a list such as (1,4,7), each {each.instead}")


def word(default: str) -> Argument:
    """Any text."""

    def take(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError
        return value

    return Argument(default, take, "text")
