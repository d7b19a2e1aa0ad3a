"""What another version has stored: read where it is whole, refused where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from keras_norms.lab.errors import BadInput


def known_fields(of: type, content: Any, name: str) -> dict[str, Any]:
    """`content`, which has every field of the dataclass `of` without a default, and no others.

    Raises:
        BadInput: it has not; the message begins with `name`.
    """
    if not isinstance(content, Mapping):
        raise BadInput(f"{name} has fields by name; {content!r} has none")
    known = {field.name for field in fields(of)}
    if unknown := sorted(set(content) - known):
        raise BadInput(f"{name} has no field {unknown[0]!r}; it has {sorted(known)}")
    needed = [f.name for f in fields(of) if f.default is MISSING and f.default_factory is MISSING]
    if lacking := [field for field in needed if field not in content]:
        raise BadInput(f"{name} lacks its field {lacking[0]!r}; this has {sorted(content)}")
    return dict(content)
