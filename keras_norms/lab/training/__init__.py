"""From runs to outcomes. What describes and reads them needs no framework; training does."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from keras_norms.lab.training.outcome import Cost as Cost
from keras_norms.lab.training.outcome import Outcome as Outcome
from keras_norms.lab.training.run import Run as Run

if TYPE_CHECKING:
    from keras_norms.lab.training.trainer import train as train


def __getattr__(name: str) -> Any:
    if name != "train":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("keras_norms.lab.training.trainer").train
