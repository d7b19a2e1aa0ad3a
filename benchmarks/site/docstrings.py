"""Docstrings are Markdown; the generator reads reStructuredText."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

SECTION = re.compile(
    r"(Args|Call arguments|Attributes|Raises|Returns|Yields|Examples?|References?):$"
)
NAMES = re.compile(r" {4}\w+(, \w+)*,")  # of several arguments that are told of together
CODE = re.compile(r"(?<!`)(`[^`]+`)(?!`)")
# What reStructuredText would take for a substitution or a reference.
MARKS = re.compile(r"\||(?<=\w)_(?=\W|$)")


def to_rst(lines: Sequence[str]) -> list[str]:
    """The lines with code as code, and indented blocks, outside of sections, as formulas."""
    made: list[str] = []
    inside, literal, above = False, False, ""
    for line in _joined(lines):
        indented = line.startswith("    ")
        if line.strip() and not indented:
            inside, literal = bool(SECTION.match(line)), False
        elif indented and not inside and not literal and not above.strip():
            literal = True
            made += ["::", ""]
        made.append(line if literal else _inline(line))
        above = line
    return made


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """With names of arguments that go on in the next line in one."""
    begun = ""
    for line in lines:
        whole = f"{begun} {line.strip()}" if begun else line
        begun = whole if NAMES.fullmatch(whole) else ""
        if not begun:
            yield whole


def _inline(line: str) -> str:
    parts = CODE.split(line)
    return "".join(
        f"`{part}`" if k % 2 else MARKS.sub(r"\\\g<0>", part) for k, part in enumerate(parts)
    )


def convert(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """For the generator, which has the list changed in place."""
    lines[:] = to_rst(lines)


def signature(app: Any, what: str, name: str, thing: Any, options: Any, *said: Any) -> Any:
    """A class is called as its `__init__` says: Keras's `__new__` takes anything."""
    from sphinx.util.inspect import stringify_signature

    if what != "class":
        return None
    _, *rest = inspect.signature(thing.__init__).parameters.values()
    return stringify_signature(inspect.Signature(rest), show_annotation=False), None
