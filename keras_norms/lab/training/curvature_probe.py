"""The largest eigenvalue of the Gauss-Newton matrix or the Hessian as a probe of a run."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.looking import Look, Probe
from keras_norms.lab.training.outcome import to_json
from keras_norms.probes.curvature import Curvature

# The last one: the runs of a program share a model, and its products are compiled once.
_compiled: list[tuple[keras.Model, int, str, Curvature]] = []


class CurvatureProbe(Probe):
    """Of the training loss on the first `examples` training images as one batch; 0 for all.

    Answers `lambda_max`, `iterations`, `residual` and `loss`.
    """

    def __init__(self, examples: int, matrix: str) -> None:
        self._examples, self._matrix = examples, matrix

    def __call__(self, look: Look) -> dict[str, Any]:
        if self._examples > len(look.data.y_train):
            raise BadInput(
                f"Invalid probes: examples={self._examples}: {look.data.name!r} has "
                f"{len(look.data.y_train)}"
            )
        found = self._of(look).largest(seed=look.seed)
        values = {name: getattr(found, name) for name in ("lambda_max", "residual", "loss")}
        return {**to_json(values), "iterations": found.iterations}

    def _of(self, look: Look) -> Curvature:
        wanted = look.model, self._examples, self._matrix
        if not _compiled or _compiled[0][:3] != wanted:
            examples = self._examples or len(look.data.y_train)
            x, y = look.data.x_train[:examples], look.data.y_train[:examples]
            _compiled[:] = [(*wanted, Curvature(look.model, x, y, matrix=self._matrix))]
        return _compiled[0][3]
