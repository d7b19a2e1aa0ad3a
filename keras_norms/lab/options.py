"""Options of an experiment: fields with their help, range and presets, read from a command line."""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from keras_norms.lab.errors import BadInput, BadOption

WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
LONGEST = 200  # characters of a text
METADATA = "option"


@dataclass(frozen=True)
class Option:
    """What a field says of itself beside its default.

    Attributes:
        help: one line.
        least, most: range of a number, both ends included.
        above: open lower end.
        choices: the only values.
        scales: by preset (`--scale`), the default there.
    """

    help: str
    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    choices: Collection[Any] = ()
    scales: dict[str, Any] = dataclasses.field(default_factory=dict)

    def check(self, name: str, value: Any) -> None:
        """Raises BadOption where a value, or one of several, lies outside."""
        values = value if isinstance(value, tuple) else (value,)
        if not values:
            raise BadOption(name, value, "write at least one value")
        for one in values:
            if self.choices and one not in self.choices:
                raise BadOption(name, value, f"write one of {', '.join(map(str, self.choices))}")
            if isinstance(one, str) and len(one) > LONGEST:
                shown = f"{one[:20]}…"
                raise BadOption(name, shown, f"write at most {LONGEST} characters, not {len(one)}")
            if isinstance(one, bool | str | None.__class__):
                continue
            if not (self.least <= one <= self.most and one > self.above and math.isfinite(one)):
                raise BadOption(name, value, f"write {self._range()}")

    def _range(self) -> str:
        said = f"a number above {self.above:g}" if math.isfinite(self.above) else "a number"
        if math.isfinite(self.least):
            said = f"{self.least:g} or more"
        if math.isfinite(self.most):
            said += f" and at most {self.most:g}"
        return said


def option(
    default: Any,
    help: str,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    choices: Collection[Any] = (),
    **scales: Any,
) -> Any:
    """A field of an experiment that is an option of its command.

    `gpu=110` gives the field another default at `--scale gpu`. See `Option` for the rest.
    """
    told = Option(help, least, most, above, choices, scales)
    return dataclasses.field(default=default, metadata={METADATA: told})


RATE = {"least": 1e-12, "most": 1e6}  # what a learning rate may be, in float32


def options_of(kind: type) -> dict[str, tuple[dataclasses.Field, Option]]:
    """The options of a dataclass by name, in order."""
    fields = dataclasses.fields(kind)
    return {f.name: (f, f.metadata[METADATA]) for f in fields if METADATA in f.metadata}


def add_to(parser: argparse.ArgumentParser, kind: type, scale: str | None = None) -> None:
    """Adds the options of a dataclass, each with its default (that of `scale`) in its help."""
    for name, (field, told) in options_of(kind).items():
        default = told.scales.get(scale, field.default)
        text = f"{told.help} (default: {_shown(default)})".replace("%", "%%")
        flag, several = f"--{name.replace('_', '-')}", str(field.type).startswith("tuple")
        if str(field.type) == "bool":
            how: dict[str, Any] = {"action": argparse.BooleanOptionalAction, "default": None}
        else:
            how = {
                "type": _reader(name, str(field.type), told),
                "nargs": "+" if several else None,
                "metavar": name.upper().rstrip("S") if several else name.upper(),
            }
        try:
            parser.add_argument(flag, dest=name, help=text, **how)
        except argparse.ArgumentError:
            raise BadInput(
                f"{kind.__module__}.{kind.__name__}: option {name!r} is {flag}, which every "
                "experiment has; give it another name"
            ) from None


def _reader(name: str, kind: str, told: Option) -> Callable[[str], Any]:
    """Reads one value of an option, and checks it, so that argparse names the option."""
    convert = _whole if "int" in kind else _real if "float" in kind else str

    def read(text: str) -> Any:
        try:
            value = convert(text)
            told.check(name, value)
        except BadOption as error:
            raise argparse.ArgumentTypeError(f"{text[:60]}: {error.instead}") from error
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text[:60]!r} is no {error}") from error
        return value

    return read


def _whole(text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise ValueError("whole number of at most 18 digits")
    return int(text)


def _real(text: str) -> float:
    try:
        value = float(text) if text.isascii() and len(text) < 60 else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("finite number")
    return value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value) if value != "" else "none"
