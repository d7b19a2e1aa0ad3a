"""Normalization layers for Keras 3, on TensorFlow, JAX and torch.

Where Keras is not imported yet, it is not imported here: names are loaded when they are first
asked for, or when Keras comes, so that experiments can be listed and results read without it.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from keras_norms.version import __version__ as __version__

if TYPE_CHECKING:
    from keras_norms import layers as layers
    from keras_norms import normfree as normfree
    from keras_norms import probes as probes
    from keras_norms import surgery as surgery
    from keras_norms import weights as weights
    from keras_norms.probes import NormMonitor as NormMonitor
    from keras_norms.schemes import Block as Block
    from keras_norms.schemes import Scheme as Scheme
    from keras_norms.schemes import Unit as Unit
    from keras_norms.schemes import get as get
    from keras_norms.schemes import names as names
    from keras_norms.schemes import serialize as serialize
    from keras_norms.surgery import RecalibrateBeforeValidation as RecalibrateBeforeValidation
    from keras_norms.surgery import audit as audit
    from keras_norms.surgery import convert as convert
    from keras_norms.surgery import fold as fold
    from keras_norms.surgery import freeze as freeze
    from keras_norms.surgery import recalibrate as recalibrate
    from keras_norms.surgery import unfreeze as unfreeze
    from keras_norms.weights import initialize_from_data as initialize_from_data

_ROOMS = {
    "layers": (),
    "weights": ("initialize_from_data",),
    "schemes": ("Block", "Scheme", "Unit", "get", "names", "serialize"),
    "normfree": (),
    "surgery": (
        "RecalibrateBeforeValidation",
        "audit",
        "convert",
        "fold",
        "freeze",
        "recalibrate",
        "unfreeze",
    ),
    "probes": ("NormMonitor",),
}
_PUBLIC = {*_ROOMS, *(name for names in _ROOMS.values() for name in names)}


def _load() -> None:
    """Import every layer, which registers it for `keras.models.load_model` as well."""
    for room, names in _ROOMS.items():
        module = importlib.import_module(f"{__name__}.{room}")
        globals().update({room: module, **{name: getattr(module, name) for name in names}})


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _ROOMS and _importing():
        return importlib.import_module(f"{__name__}.{name}")
    _load()
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})


def _importing() -> bool:
    """Whether a module of ours is being imported now, which would be met half-made."""
    ours = [module for name, module in sys.modules.items() if name.startswith(f"{__name__}.")]
    return any(getattr(module.__spec__, "_initializing", False) for module in ours)


class _WithKeras:
    """An import hook: when Keras has been imported, by whomever, the layers are registered."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        if found is not None and found.loader is not None:
            run = found.loader.exec_module

            def and_load(module: Any) -> None:
                run(module)
                if not _importing():
                    _load()

            found.loader.exec_module = and_load
        return found


if "keras" in sys.modules:
    _load()
else:
    import importlib.util

    sys.meta_path.insert(0, _WithKeras())
