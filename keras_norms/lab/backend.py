"""The backend that Keras will have, read as Keras reads it, without importing it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

DEFAULT = "tensorflow"


def backend() -> str:
    """`KERAS_BACKEND`, else the one in Keras's configuration file, else "tensorflow"."""
    if keras := sys.modules.get("keras"):
        return keras.config.backend()
    return os.environ.get("KERAS_BACKEND") or _configured()


def _configured() -> str:
    home = os.environ.get("KERAS_HOME")
    if home is None:
        home = Path.home() if os.access(Path.home(), os.W_OK) else Path("/tmp")
        home = home / ".keras"
    try:
        return json.loads((Path(home).expanduser() / "keras.json").read_text())["backend"]
    except (OSError, ValueError, KeyError):
        return DEFAULT
