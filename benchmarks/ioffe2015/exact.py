"""Ioffe & Szegedy 2015, the equations: Algorithms 1 and 2, Sections 3.2 and 3.3.

Paper      arXiv 1502.03167, Sections 3 to 3.3: the transform and its gradient, the statistics of
           inference, the convolutional form, and that a factor of the weights changes nothing.
Claims     Exact ones: each quantity is to be within a limit of rounding, or of chance where
           statistics of random data are averaged (3 %).
Ours       Layers in float64, Algorithm 2 in float32. The layer's gradients against the closed form,
           against the automatic derivative of Algorithm 1 written out, and against central
           differences. Algorithm 2 on 3,000 batches of 2, 4, 16 and 60 independent values of
           variance 4, 3,840 / m channels.
Deviation  Keras averages the biased variance, so its memory is (m - 1) / m of the truth. That holds
           in the mean over channels; in a single channel a moving average of momentum 0.9 keeps
           only about 19 batches, whose own scatter is larger than 3 % (the last row, which fails).
Not here   Section 2's example is ioffe2015.bias and ioffe2015.scale, Figure 5 is
           ioffe2015.architecture.
Cost       1 to 2 CPU minutes, on each backend.
Command    python -m benchmarks run ioffe2015.exact --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import keras
import optuna

from benchmarks.computed import compute_missing, computed, origin
from benchmarks.ioffe2015 import equations, population
from benchmarks.ioffe2015.bounds import bounds_table, held
from benchmarks.ioffe2015.groups import unfinished
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.page import Section

TITLE = "Ioffe & Szegedy 2015: the equations"
PARTS = {
    "Algorithm 1": equations.forward,
    "its gradient": equations.backward,
    "Algorithm 2": population.rows,
    "Section 3.2": equations.convolution,
    "Section 3.3": equations.scale_invariance,
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """There is nothing to set; each backend has its own study."""

    backend: str = field(default_factory=keras.config.backend)

    @property
    def study(self) -> str:
        return f"ioffe2015-exact-{self.backend}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """None."""


def effort(settings: Settings) -> float:
    return float(len(PARTS))


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Computes what is missing."""
    compute_missing(study, PARTS, progress or Progress.silent())


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """Every quantity beside its limit."""
    found = computed(study)
    if not PARTS.keys() <= found.keys():
        return unfinished(TITLE)
    rows = [row for part in PARTS for row in found[part]]
    return Section(
        title=f"{TITLE} ({settings.backend})",
        summary=[held(rows)],
        tables=[bounds_table(settings.study, rows, "Exact rows: measured, beside its limit.")],
        card=__doc__ or "",
        provenance=origin(study),
    )
