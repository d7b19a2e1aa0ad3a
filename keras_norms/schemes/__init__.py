"""From a spec to plain Keras layers: how a normalizer attaches to a linear layer.

Names are loaded when they are first asked for, so that the grammar of specs needs no framework.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_norms.schemes.block import Block as Block
    from keras_norms.schemes.block import Unit as Unit
    from keras_norms.schemes.lookup import get as get
    from keras_norms.schemes.lookup import serialize as serialize
    from keras_norms.schemes.registry import names as names
    from keras_norms.schemes.registry import normalizer_class as normalizer_class
    from keras_norms.schemes.scheme import Scheme as Scheme

_HOMES = {
    "Block": "block",
    "get": "lookup",
    "serialize": "lookup",
    "names": "registry",
    "normalizer_class": "registry",
    "Scheme": "scheme",
    "Unit": "block",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
