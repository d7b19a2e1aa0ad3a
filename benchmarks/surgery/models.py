"""Experiments that ask the same of each model of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from keras_norms.lab.backend import backend
from keras_norms.lab.experiment import Experiment, Plan
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.walk import Recorded


@dataclass(frozen=True, kw_only=True)
class ModelsExperiment(Experiment):
    """One job a model, by its name; the page has all that the storage has, on every backend."""

    function: ClassVar[str]  # of a job
    seeds: ClassVar[int] = 0  # type: ignore[misc]  # one set of weights and inputs each
    names: tuple[str, ...] = option(("all",), "models", quick=("MobileNet",))
    backend: str = option("", "Keras backend; the running one where none is named")

    @classmethod
    def known(cls) -> tuple[str, ...]:
        """The names of all models."""
        raise NotImplementedError

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        made, known = super().at(preset, given), cls.known()
        for name in made.names:
            if name not in (*known, "all"):
                raise made.invalid("names", f"write some of {', '.join(known)}")
        names = known if "all" in made.names else made.names
        return replace(made, names=names, backend=made.backend or backend())

    def plan(self) -> Plan:
        names = self.known() if "all" in self.names else self.names
        yield {"tried": [self.check(name) for name in names], "every": Recorded(self.function)}

    def check(self, name: str) -> Computation:
        return Computation(self.function, {"name": name}, backend=self.backend or backend())
