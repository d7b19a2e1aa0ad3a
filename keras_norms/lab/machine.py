"""Experiments whose numbers belong to a machine: its name is part of each job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from keras_norms.lab.backend import backend
from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option


@dataclass(frozen=True, kw_only=True)
class MachineExperiment(Experiment):
    """Rounds in one process take the place of seeds; pages show every machine that was measured.

    It is done by the process that names the machine, which has its GPU.
    """

    exclusive: ClassVar[bool] = True
    seeds: ClassVar[int] = 0  # type: ignore[misc]
    backend: str = option("", "Keras backend; the running one where none is named")
    machine: str = option("", "what is measured; this machine where none is named")

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        here = {"backend": backend(), "machine": this_machine()}
        said = {name: value for name, value in (given or {}).items() if value is not None}
        return super().at(preset, here | said)

    def job(
        self, function: str, arguments: Mapping[str, Any], effort: float = 1.0, **options: Any
    ) -> Computation:
        """A function of this machine's: it is given the machine, and refuses another."""
        given = {**arguments, "machine": self.machine or this_machine()}
        name = self.backend or backend()
        return Computation(function, given, backend=name, effort=effort, **options)


def this_machine() -> str:
    """The GPU, or the processor with its cores and cache."""
    from keras_norms.lab.provenance import processor, provenance
    from keras_norms.lab.quiet_import import import_keras

    import_keras()  # so that the provenance has a device

    device = provenance()["device"]
    return device if device.startswith("gpu") else processor()


def require_machine(machine: str) -> None:
    """Raises BadInput where `machine` is not this one."""
    if machine != this_machine():
        raise BadInput(f"machine={machine!r} is not this one, {this_machine()!r}: leave it out")


def slug(machine: str) -> str:
    """For names of files: "amd-epyc-2-cores" of a longer name."""
    short = re.sub(r"\(family[^)]*\)", "", machine).lower()
    return re.sub(r"[^a-z0-9]+", "-", short).strip("-")
