"""What compiling once brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from keras_norms.lab.experiment import Plan
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.machine import MachineExperiment
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table, number
from keras_norms.lab.timings import text

FUNCTION = "benchmarks.speed.compiled.pair"
AN_EPOCH = 20  # steps
EXAMPLES = 1400  # of the digits, at least


@dataclass(frozen=True, kw_only=True)
class CompileOnce(MachineExperiment):
    """One compiled program against a `model.fit` for each learning rate.

    Question   What does it bring to compile once, with the learning rate as an argument?
    Set-up     A deep MLP with batch normalization on the digits, SGD, learning rates from 1e-3 to
               1, none of which blows up, so that both sides take every step.
    Sides      `fit` builds, compiles and fits a new model for each learning rate, as one would by
               hand; the program is built and compiled once a repeat, and that is counted.
    Clock      CPU time; a seed is a repeat, and seeds take turns in which side goes first.
    Cost       6 CPU minutes on TensorFlow, half an hour on JAX; quick: a tenth.
    Command    KERAS_BACKEND=jax python -m benchmarks run speed.program --scale quick --out results
    """

    seeds: int = option(9, "repeats", least=1, most=1000, quick=6)
    rates: int = option(16, "learning rates", least=1, most=1000, quick=4)
    depth: int = option(16, "hidden layers", least=1, most=1000, quick=4)
    width: int = option(64, "units in each", least=1, most=100_000)
    batch: int = option(64, "examples a step", least=1, most=EXAMPLES // AN_EPOCH)
    steps: int = option(200, f"of each run, a multiple of {AN_EPOCH}", least=1, quick=100)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps % AN_EPOCH:
            raise self.invalid("steps", f"write a multiple of {AN_EPOCH}")

    def plan(self) -> Plan:
        model = f"mlp:depth={self.depth},width={self.width}"
        sizes = {"model": model, "rates": self.rates, "batch": self.batch, "steps": self.steps}
        yield {"repeats": self.paired(self.repeat(sizes))}

    def repeat(self, sizes: dict[str, object]) -> Computation:
        return self.job(FUNCTION, sizes, seed=0)

    def summary(self, found: Found) -> Iterable[str]:
        of = {s: found["repeats"].quantity(lambda o, s=s: o[s], s) for s in ("program", "fit")}
        said = text(of["program"] / of["fit"])
        yield f"The program takes {said} of the CPU time of `fit`: {self.backend}, {self.machine}."

    def tables(self, found: Found) -> Iterator[Table]:
        rows = [
            {"repeat": str(turn), **{side: number(each[side]) for side in ("fit", "program")}}
            | {"ratio": number(each["program"] / each["fit"])}
            for turn, each in enumerate(found["repeats"], start=1)
        ]
        caption = f"CPU seconds for {self.rates} learning rates on {self.machine}."
        yield Table(f"speed-program-{self.backend}", pd.DataFrame(rows), caption)
