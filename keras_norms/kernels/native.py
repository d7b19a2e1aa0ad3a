"""What the running Keras backend does in its own way, behind one interface."""

from __future__ import annotations

import importlib
from types import ModuleType

import keras


def _load() -> ModuleType:
    backend = keras.config.backend()
    if backend not in ("tensorflow", "jax", "torch"):
        raise ImportError(
            f"keras_norms runs on the Keras backends 'tensorflow', 'jax' and 'torch', not on "
            f"'{backend}': set KERAS_BACKEND to one of them before Keras is imported."
        )
    # Each backend's file imports its framework, so only the running one may be loaded.
    return importlib.import_module(f"keras_norms.kernels.{backend}")


native = _load()
