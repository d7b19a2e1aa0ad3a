"""The largest learning rates of your own model. Importing it imports no framework."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_norms.lab.max_learning_rate.find import (
        find_max_learning_rate as find_max_learning_rate,
    )
    from keras_norms.lab.max_learning_rate.result import MaxLearningRate as MaxLearningRate

_FILES = {"find_max_learning_rate": "find", "MaxLearningRate": "result"}


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_FILES[name]}"), name)
