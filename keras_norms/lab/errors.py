"""The one error that a user's mistake raises in the lab."""

from __future__ import annotations


class BadInput(ValueError):
    """An argument, option, file or data set that cannot be used.

    The message names it, the value received and what to write instead. Command lines print it
    and exit with code 2; a traceback would say nothing more.
    """
