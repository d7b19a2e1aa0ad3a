"""A record: what one finished job found, under its key, with a checksum over all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT = 1  # of the text of a record


class Damaged(ValueError):
    """The text is not the record that was written under this key; the message says what is off."""


@dataclass(frozen=True)
class Record:
    """An immutable outcome.

    Attributes:
        key: names the record; part of what the checksum covers.
        job: the description of the job that found it, JSON-ready.
        outcome: what was found, JSON-ready.
        provenance: versions, device, commit, date: how it was executed.
    """

    key: str
    job: Mapping[str, Any]
    outcome: Any
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """One line of JSON with a checksum."""
        content = {
            "format": FORMAT,
            "key": self.key,
            "job": self.job,
            "outcome": self.outcome,
            "provenance": self.provenance,
        }
        return _dumped(content | {"checksum": _checksum(content)}) + "\n"

    @classmethod
    def read(cls, text: str | bytes, key: str | None = None) -> Record:
        """The record that `text` holds.

        Raises:
            Damaged: it is cut short, changed, of another format, or of another key than `key`.
        """
        try:
            content = json.loads(text)
            told = content.pop("checksum")
            found = content["format"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Damaged("is cut short or no record") from error
        if found != FORMAT:
            raise Damaged(f"has format {found!r}, not {FORMAT}")
        if told != _checksum(content):
            raise Damaged("does not match its checksum")
        if key is not None and content["key"] != key:
            raise Damaged(f"is the record of {content['key']}")
        del content["format"]
        return cls(**content)


def _dumped(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _checksum(content: Any) -> str:
    return hashlib.blake2b(_dumped(content).encode(), digest_size=16).hexdigest()
