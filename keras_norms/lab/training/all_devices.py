"""A run on a stream that all devices of the machine train together."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from keras_norms.lab.training.run import Run

if TYPE_CHECKING:
    from keras_norms.lab.training.bench import Bench


@dataclass(frozen=True, kw_only=True)
class OnAllDevices(Run):
    """The same run under the same key: how it is trained, not what."""

    @classmethod
    def of_run(cls, run: Run) -> OnAllDevices:
        return cls(**{field.name: getattr(run, field.name) for field in fields(run)})

    def do(self, bench: Bench) -> dict[str, dict[str, Any]]:
        """See `Run.do`; each device has its part of the batch."""
        return super().do(replace(bench, replicas=True))  # type: ignore[type-var]
