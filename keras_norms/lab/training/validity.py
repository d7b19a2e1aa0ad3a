"""Whether the values of a run can be, each by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from keras_norms.lab.errors import BadInput

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

PRECISIONS = ("float32", "mixed_bfloat16")
LEAST = {"batch": 0, "steps": 1, "evaluate_every": 0, "seed": 0}


def check_values(run: Run) -> None:
    """Raises BadInput for the first field whose value no run has."""
    for name, least in LEAST.items():
        value = getattr(run, name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        _require(run, name, whole and value >= least, f"a whole number of at least {least}")
    positive = _is_real(run.learning_rate) and 0 < run.learning_rate < math.inf
    _require(run, "learning_rate", positive, "a positive and finite number")
    share = _is_real(run.stop_at) and 0 <= run.stop_at <= 1
    _require(run, "stop_at", share, "a number in [0, 1]")
    kept = isinstance(run.keep_predictions, bool)
    _require(run, "keep_predictions", kept, "True or False")
    _require(run, "backend", isinstance(run.backend, str), "text")
    _require(run, "precision", run.precision in PRECISIONS, f"one of {PRECISIONS}")
    listed = isinstance(run.probes, tuple) and all(isinstance(p, str) for p in run.probes)
    _require(run, "probes", listed, "a tuple of specs, as in ('ray:at=(0,3)',)")


def _require(run: Run, name: str, holds: bool, instead: str) -> None:
    if not holds:
        raise BadInput(f"Invalid {name}={getattr(run, name)!r}: must be {instead}")


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
