"""Which normalizers a probe cannot see: what they compute does not leave a part of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from keras_norms.probes.program import Program


def hidden(model: keras.Model, layers: Mapping[str, keras.layers.Layer], x: Any) -> list[str]:
    """Those of the layers whose values cannot be taken out of a forward pass on `x`.

    Backends have no common sign of it but the error when it is tried, so each is tried alone. None
    where the pass fails without any of them: then it is the model or the inputs that are wrong.
    """
    if not _runs(Program(model, {}, (x, None, None))):
        return []
    return [
        path
        for path, layer in layers.items()
        if not _runs(Program(model, {path: layer}, (x, None, None)))
    ]


def _runs(program: Program) -> bool:
    try:
        program()
    except Exception:
        return False
    return True
