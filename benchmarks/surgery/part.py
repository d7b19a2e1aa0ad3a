"""A model or layer of keras_hub, named by its class, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """Attributes: `kind`, the name of the class; `arguments`, parts among them."""

    kind: str
    arguments: Mapping[str, Any]

    def made(self, hub: Any) -> Any:
        """The model or layer, with random weights; `hub` is keras_hub."""
        rooms = [room for room in (hub.models, hub.layers) if hasattr(room, self.kind)]
        if not rooms:
            raise ValueError(f"keras_hub {hub.__version__} has no {self.kind}")
        given = {
            name: value.made(hub) if isinstance(value, Part) else value
            for name, value in self.arguments.items()
        }
        return getattr(rooms[0], self.kind)(**given)
