"""The errors that a user's mistake raises in the lab."""

from __future__ import annotations

from typing import Any


class BadInput(ValueError):
    """An argument, option, file or data set that cannot be used.

    The message names it, the value received and what to write instead. Command lines print it
    and exit with code 2; a traceback would say nothing more.
    """


class BadOption(BadInput):
    """An option of an experiment that cannot be: named as it was given, in Python or in a shell."""

    def __init__(self, name: str, value: Any, instead: str) -> None:
        super().__init__(f"{name}={value!r}: {instead}")
        self.name, self.value, self.instead = name, value, instead

    def on_command_line(self) -> str:
        values = self.value if isinstance(self.value, tuple | list) else (self.value,)
        return f"--{self.name.replace('_', '-')} {' '.join(map(str, values))}: {self.instead}"
