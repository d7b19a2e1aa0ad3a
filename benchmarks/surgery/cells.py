"""A cell: one architecture that surgery is tried on, or one network that is timed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

APPLICATION, PREDICT = "application", "predict"
ALL = 0  # threads


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is done in one process.

    Attributes:
        kind: "application", every check of `checks.py`; or "predict", timed by `predict.py`.
        name: of the architecture.
        backend: Keras's.
        side, batch, threads: of "predict": of the images in pixels, how many of them, and of an
            operation.
    """

    kind: str = APPLICATION
    name: str
    backend: str
    side: int = 0
    batch: int = 0
    threads: int = ALL

    @property
    def key(self) -> str:
        content = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        if self.kind == APPLICATION:
            return f"{self.backend}, {self.name}"
        return f"{self.backend}, {self.name}, {self.batch}x{self.side}x{self.side}x3"
