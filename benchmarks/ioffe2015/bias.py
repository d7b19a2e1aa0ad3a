"""Ioffe & Szegedy 2015, Section 2: a bias that grows for ever and changes nothing.

Paper      arXiv 1502.03167, Section 2: a layer x = u + b is normalized by taking off its mean. A
           step that ignores that the mean depends on b moves b by the mean gradient, which the next
           normalization takes off again: the output and the loss stay, and b grows without bound.
Claims     Ignoring it, the loss does not move (1e-9) and b is linear in the step count, at the
           learning rate times the mean gradient; with the full derivative b does not move (1e-12).
Ours       20 random values of u in 3 channels of deviation 1, the loss (y - xhat)^2 / 2 with random
           targets y of mean 1, learning rate 0.1, 500 steps, float64. Our BatchNormalization layer,
           with `statistics_gradient=False` and as it is.
Cost       Seconds.
Command    python -m benchmarks run ioffe2015.bias --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import optuna

from benchmarks.computed import compute_missing, computed, origin
from benchmarks.ioffe2015.bounds import bounds_table, held
from benchmarks.ioffe2015.groups import unfinished
from benchmarks.ioffe2015.steps import double, stepper
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.page import Section
from keras_norms.layers import BatchNormalization

TITLE = "Ioffe & Szegedy 2015, Section 2: the bias explosion"
RATE, STEPS, VALUES, CHANNELS = 0.1, 500, 20, 3
IGNORED, FULL = "gradient of the mean ignored", "full derivative"
NAME = "ioffe15-sec2-bias"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """There is nothing to set; each backend has its own study."""

    backend: str = field(default_factory=keras.config.backend)

    @property
    def study(self) -> str:
        return f"ioffe2015-bias-{self.backend}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """None."""


def effort(settings: Settings) -> float:
    return 2.0


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Descends both ways, where that is missing."""
    ways = {IGNORED: lambda: descend(False), FULL: lambda: descend(True)}
    compute_missing(study, ways, progress or Progress.silent())


def descend(statistics_gradient: bool) -> dict[str, Any]:
    """b by step and channel, the loss by step, and the mean of the targets by channel."""
    rng = np.random.default_rng(0)
    u, target = rng.normal(size=(VALUES, CHANNELS)), rng.normal(1.0, 1.0, (VALUES, CHANNELS))
    u = u / u.std(axis=0)  # the division by the deviation then does nothing, as in the example
    b = np.array([-1.0, 0.0, 2.0])
    path, losses = [b], []
    with double():
        normalize = BatchNormalization(
            epsilon=0.0,
            center=False,
            scale=False,
            statistics_gradient=statistics_gradient,
            dtype="float64",
        )
        step = stepper(normalize)
        for _ in range(STEPS):
            xhat = step(u + b, np.zeros_like(u)).y
            found = step(u + b, (xhat - target) / VALUES)
            losses.append(float(((target - xhat) ** 2).mean() / 2))
            b = b - RATE * found.dx.sum(axis=0)
            path.append(b)
    return {
        "b": np.array(path).tolist(),
        "loss": losses,
        "gradient": np.abs(target.mean(axis=0)).tolist(),
    }


def rows(found: dict[str, Any]) -> list[list]:
    """The quantities of TARGETS `ioffe15-sec2-bias`."""
    path, losses = np.array(found[IGNORED]["b"]), np.array(found[IGNORED]["loss"])
    moved, time = np.abs(path - path[0]), np.arange(STEPS + 1)
    slopes = np.array([np.polyfit(time, channel, 1)[0] for channel in moved.T])
    straight = min(np.corrcoef(time, channel)[0, 1] ** 2 for channel in moved.T)
    wanted = RATE * np.array(found[IGNORED]["gradient"])
    stays = np.array(found[FULL]["b"])
    return [
        [NAME, "ignored: largest |loss − first loss|", float(np.ptp(losses)), 1e-9],
        [NAME, "ignored: 1 − R² of |b − b₀| against steps", float(1 - straight), 1e-3],
        [
            NAME,
            "ignored: |slope / (rate × mean gradient) − 1|",
            float(np.abs(slopes / wanted - 1).max()),
            1e-9,
        ],
        [NAME, "full: largest |b − b₀|", float(np.abs(stays - stays[0]).max()), 1e-12],
    ]


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The figure, and the quantities beside their limits."""
    found = computed(study)
    if len(found) < 2:
        return unfinished(TITLE)
    measured = rows(found)
    return Section(
        title=f"{TITLE} ({settings.backend})",
        summary=[held(measured)],
        figures=[draw(found, folder / "figures", settings.study)],
        tables=[bounds_table(settings.study, measured, "Measured, beside the limit.")],
        card=__doc__ or "",
        provenance=origin(study),
    )


def draw(found: dict[str, Any], folder: Path, name: str) -> Figure:
    """The bias of the first channel, whose start is the farthest from the loss, and the loss."""
    caption = (
        "The bias of one channel and the loss, over steps. Where the step ignores that the mean "
        "depends on the bias, the bias grows without bound; the loss is the same to the last digit."
    )
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        for way, colour in ((IGNORED, "#d55e00"), (FULL, "#0072b2")):
            path, loss = np.array(found[way]["b"])[:, 0], found[way]["loss"]
            axes.plot(path, color=colour, label=f"bias, {way}")
            dashes = (0, (4, 2) if way == IGNORED else (1, 2))
            axes.plot(loss, ls=dashes, color=colour, label=f"loss, {way}")
        axes.set(xlabel="steps", ylabel="bias, and loss")
        axes.set_title("A bias in front of a mean that is taken off")
        axes.figure.legend(loc="outside lower center", ncols=2)
    return figure
