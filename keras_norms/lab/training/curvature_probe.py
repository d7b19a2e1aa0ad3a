"""The largest eigenvalue of the Gauss-Newton matrix as a probe of a run."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.looking import Look, Probe
from keras_norms.lab.training.outcome import to_json
from keras_norms.probes.curvature import Curvature

_compiled: list[tuple[keras.Model, int, Curvature]] = []  # the last one: programs share a model


class CurvatureProbe(Probe):
    """Of the training loss on the first `examples` training images as one batch.

    Answers `lambda_max`, `iterations`, `residual` and `loss`; nothing where the loss is lost.
    """

    def __init__(self, examples: int) -> None:
        self._examples = examples

    def __call__(self, look: Look) -> dict[str, Any]:
        if self._examples > len(look.data.y_train):
            raise BadInput(
                f"probe curvature:examples={self._examples} needs more than the "
                f"{len(look.data.y_train)} training examples of {look.data.name!r}"
            )
        found = self._of(look).largest(seed=look.seed)
        values = {name: getattr(found, name) for name in ("lambda_max", "residual", "loss")}
        return {**to_json(values), "iterations": found.iterations}

    def _of(self, look: Look) -> Curvature:
        if _compiled and _compiled[0][0] is look.model and _compiled[0][1] == self._examples:
            return _compiled[0][2]
        x, y = look.data.x_train[: self._examples], look.data.y_train[: self._examples]
        made = Curvature(look.model, x, y)
        _compiled[:] = [(look.model, self._examples, made)]
        return made
