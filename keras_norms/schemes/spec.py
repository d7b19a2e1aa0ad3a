"""The grammar of specs: `name:key=value,...`, nested as `name(spec)`, joined by `+`.

    spec     = term {"+" term}
    term     = name ["(" spec ")"] [":" argument {"," argument}]
    name     = letters, digits, "_", ".", "/", "-"; "@module.attribute" is an object of the user
    argument = [key "="] value                          the first alone may leave out its key
    value    = number | true | false | none | name | 'text' | "(" [value {"," value}] ")"

It knows no names and imports no framework: whoever has a table of names checks terms by it.
"""

from __future__ import annotations

import math
import re
from typing import NoReturn

from keras_norms.schemes.term import CONSTANTS, HOW, KEY, NAME, NUMBER, WORD, Value, shown
from keras_norms.schemes.term import POSITIONAL as POSITIONAL
from keras_norms.schemes.term import Spec as Spec
from keras_norms.schemes.term import Term as Term

LONGEST = 1000  # characters
DEEPEST = 20  # parentheses inside one another

_TEXT = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


def parse(text: str, argument: str = "spec") -> Spec:
    """The terms that `text` is made of; sorted arguments, numbers by `repr`.

    Args:
        text: at most 1,000 characters.
        argument: what errors call the text.

    Raises:
        ValueError: no text, or one that is not of the grammar, with the place.
    """
    if not isinstance(text, str):
        raise ValueError(f"Argument `{argument}` must be a string. Received: {type(text).__name__}")
    if len(text) > LONGEST:
        raise ValueError(
            f"Argument `{argument}`={shown(text)} has {len(text)} characters; a spec has at most "
            f"{LONGEST}."
        )
    reader = _Reader(text, argument)
    spec = reader.spec(0)
    reader.skip()
    if reader.at < len(text):
        if text[reader.at] in ")]":
            reader.refuse("closes a parenthesis that is not open")
        reader.refuse("is out of place")
    return spec


def parse_term(text: str, argument: str = "spec") -> Term:
    """The one term of `text`, for what cannot be joined by `+`.

    Raises:
        ValueError: as `parse`, or there are several terms.
    """
    first, *others = parse(text, argument)
    if others:
        raise ValueError(
            f"Argument `{argument}`={shown(text)} joins several by '+'. Keep one of them."
        )
    return first


class _Reader:
    """A place in a text, and what stands there."""

    def __init__(self, text: str, argument: str) -> None:
        self.text = text
        self.argument = argument
        self.at = 0

    def spec(self, depth: int) -> Spec:
        if depth > DEEPEST:
            self.refuse(f"is inside more than {DEEPEST} parentheses")
        terms = [self.term(depth)]
        while self.sees("+"):
            terms.append(self.term(depth))
        return Spec(terms)

    def term(self, depth: int) -> Term:
        found = self.match(NAME)
        if found is None:
            self.refuse("is no name" + (", and a parenthesis holds another spec" if depth else ""))
        inner, arguments = None, {}
        if self.sees("("):
            inner = self.spec(depth + 1)
            if not self.sees(")"):
                self.refuse(f"stands where the parenthesis after {shown(found[0])} should close")
        if self.sees(":"):
            self.argument_of(arguments, depth)
            while self.sees(","):
                self.argument_of(arguments, depth)
        return Term(found[0], arguments, inner)

    def argument_of(self, arguments: dict[str, Value], depth: int) -> None:
        start = self.at
        found = self.match(KEY)
        key = found[1] if found else POSITIONAL
        if not found and arguments:
            self.refuse("is not of the form key=value, which only the first argument may leave out")
        if key in arguments:
            self.at = start
            self.refuse(f"gives {key!r} twice")
        arguments[key] = self.value(depth)

    def value(self, depth: int) -> Value:
        if depth > DEEPEST:
            self.refuse(f"is inside more than {DEEPEST} parentheses")
        for opening, closing in ("()", "[]"):
            if self.sees(opening):
                return self.values(closing, depth)
        if found := self.match(NUMBER):
            return self.number(found[0])
        if found := self.match(WORD):
            return CONSTANTS.get(found[0].lower(), found[0])
        if found := self.match(_TEXT):
            return re.sub(r"\\(.)", r"\1", found[1] or found[2] or "")
        self.refuse("is no value: write a number, true, false, none, a name, 'text' or (1,4,7)")

    def values(self, closing: str, depth: int) -> tuple[Value, ...]:
        found = []
        while not self.sees(closing):
            if found and not self.sees(","):
                self.refuse(f"stands where ',' or {closing!r} should")
            elif found and self.sees(closing):
                break
            found.append(self.value(depth + 1))
        return tuple(found)

    def number(self, text: str) -> int | float:
        if re.fullmatch(r"[+-]?[0-9]+", text):
            return int(text)
        value = float(text)
        if math.isinf(value) and "inf" not in text:
            self.refuse(f"follows {text}, which is more than a number can be")
        return value

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def sees(self, character: str) -> bool:
        """Whether the character comes next; it is then passed."""
        self.skip()
        seen = self.text.startswith(character, self.at)
        self.at += seen
        return seen

    def refuse(self, why: str) -> NoReturn:
        self.skip()
        rest = self.text[self.at :]
        here = f"{shown(rest)}, at character {self.at + 1}," if rest else "its end"
        raise ValueError(f"Argument `{self.argument}`={shown(self.text)}: {here} {why}. {HOW}")
