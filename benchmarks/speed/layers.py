"""What a normalization layer costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Self

from benchmarks.speed import cells
from benchmarks.speed.cells import BACKWARD, DTYPES, FORWARD, KERAS, MAIN, MODES, OURS, SHAPES
from benchmarks.speed.layer_tables import at_main, bandwidth_rows, main_rows, shape_rows
from benchmarks.speed.targets import layer_limit, layer_targets
from keras_norms.lab.experiment import Plan
from keras_norms.lab.found import Found
from keras_norms.lab.job import Computation
from keras_norms.lab.machine import MachineExperiment, slug
from keras_norms.lab.options import option
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.interval_plot import Bar, draw_intervals
from keras_norms.lab.report.tables import Table
from keras_norms.lab.target import Target, counted
from keras_norms.lab.timings import PAIRED, Measured, by_machine, measured, tables
from keras_norms.lab.walk import Recorded

FUNCTION = "benchmarks.speed.measuring.layer"
WORKS = (BACKWARD, FORWARD)
DRAWN = (
    "time of our layers over Keras's, forward and backward, on the first shape, in the first "
    "precision. Marks are medians over rounds in which both take turns, bars the exact 95 % "
    "intervals; upright ticks are the targets."
)


@dataclass(frozen=True, kw_only=True)
class LayerCost(MachineExperiment):
    """Layers against Keras's, the framework's own operations, and a copy.

    Question   What does a normalizer cost, and how far is it from what it could cost?
    Layers     Every registered normalizer: forward, and forward and backward with the gradients of
               its weights; five shapes; float32, and bfloat16 with float32 weights. In the modes
               that compile: TensorFlow as a graph and under XLA, JAX under jit; torch eager. A
               weight normalizer is measured around a linear layer (1x1 convolution or dense).
    Sides      ours; Keras's own layer; the framework's operation (TensorFlow's fused batch
               normalization as a graph; torch's functional forms; tokamax's on JAX, if there); the
               floor, x * a + b with a and b per channel and the gradient of x alone, or the bare
               linear layer; ours again, the control: what it differs from 1 by is noise.
    Clock      All sides of a cell take turns in one process. CPU time of all threads on a CPU (it
               is cost, not latency); time until the device is done on a GPU. Ratios are of
               neighbours in one round. First call: CPU seconds with tracing and compiling.
    Machines   A table for each processor that the storage has measurements of, all backends in it;
               a target is reached where it is reached on every one.
    Cost       quick: the five main layers on the first shape, about a minute a backend on two
               cores. All: up to two hours a backend.
    Command    KERAS_BACKEND=jax python -m benchmarks run speed.layers --scale quick --out results
    """

    rounds: int = option(11, "turns of each side", least=1, most=1000)
    names: tuple[str, ...] = option(("all",), "normalizers", quick=MAIN)
    shapes: tuple[str, ...] = option(SHAPES, "shapes of the inputs", quick=SHAPES[:1])
    dtypes: tuple[str, ...] = option(DTYPES, "precisions", choices=DTYPES, quick=DTYPES[:1])
    works: tuple[str, ...] = option(WORKS, "passes", choices=WORKS, quick=WORKS[:1])

    def __post_init__(self) -> None:
        super().__post_init__()
        for shape in self.shapes:
            cells.sizes(shape)

    @classmethod
    def at(cls, preset: str, given: Mapping[str, Any] | None = None) -> Self:
        made = super().at(preset, given)
        return replace(made, names=cells.named(made.names))

    def plan(self) -> Plan:
        yield {"cells": list(self.jobs()), "measured": Recorded(FUNCTION)}

    def jobs(self) -> Iterator[Computation]:
        modes = MODES[self.job("", {}).backend]
        for name, shape, dtype, work in product(
            cells.expanded(self.names), self.shapes, self.dtypes, self.works
        ):
            for mode in modes if cells.makes_sense(name, shape) else ():
                cell = {"name": name, "shape": shape, "dtype": dtype, "work": work, "mode": mode}
                yield self.job(FUNCTION, {**cell, "rounds": self.rounds})

    def claims(self, found: Found) -> Iterable[Target]:
        return layer_targets(_measured(found))

    def summary(self, found: Found) -> Iterable[str]:
        yield counted(list(self.claims(found)))

    def tables(self, found: Found) -> Iterator[Table]:
        every = _measured(found)
        caption = (
            "forward and backward, ours and its ratio to Keras's layer, the framework's operation "
            f"and the floor; {PAIRED}. Control: ours over ours."
        )
        yield from tables("speed-layers", caption, every, main_rows)
        caption = "milliseconds of ours, and in parentheses its ratio to Keras's layer (median)."
        yield from tables("speed-shapes", caption, every, shape_rows)
        caption = "GB/s of the forward pass, inputs read once and outputs written once (median)."
        yield from tables("speed-bandwidth", caption, every, bandwidth_rows)

    def figures(self, found: Found) -> Iterator[Figure]:
        for machine, part in by_machine(_measured(found)).items():
            both = [(one, one.ratio(OURS, KERAS)) for one in at_main(part)]
            bars = [
                Bar(one.cell["name"], one.place, ratio, layer_limit(one.place, one.cell["name"]))
                for one, ratio in both
                if ratio is not None
            ]
            if bars:
                figure = Figure(f"speed-{slug(machine)}", found.folder, f"{machine}: {DRAWN}")
                title, label = "Cost of a layer beside Keras's own", "time of ours / Keras's (log)"
                yield draw_intervals(figure, bars, title=title, label=label)


def _measured(found: Found) -> list[Measured]:
    """The main normalizers first."""
    return sorted(measured(found["measured"]), key=lambda one: one.cell["name"] not in MAIN)
