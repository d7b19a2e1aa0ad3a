"""Ioffe & Szegedy 2015, Section 2: normalization that the gradient does not know of.

Paper      arXiv 1502.03167, Section 2: in the authors' first experiments, where the statistics were
           computed outside the gradient step, the model blew up when it scaled as well.
Claims     The norm of the normalized kernels ends more than five times higher than with the full
           gradient, or the network diverges.
Ours       MLP of 2 x 32 ReLU on digits, batch normalization before each activation, plain SGD at
           0.1, batches of 60. `statistics_gradient=False` treats mean and deviation as constants.
           Both arms of a seed start at the same kernels.
Steps      1,000. The ratio grows with the steps, ever more slowly as the loss and with it the
           gradient vanish, so that the claim belongs to their number. It was raised after a trial:
           at 460 the medians were 4.8 and 1.4, with the same verdicts.
Finding    It depends on the start. With kernels of N(0, 0.05^2), small as in the paper's Section
           4.1, the full gradient leaves them small and the ignorant step does not; He's kernels
           are already large, and end as long as those. Nothing diverges. Both are shown.
Cost       12 runs, half a CPU minute.
Command    python -m benchmarks run ioffe2015.scale --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import keras
import optuna
import pandas as pd

from benchmarks.ioffe2015 import groups
from benchmarks.ioffe2015.arms import BATCH
from benchmarks.ioffe2015.probes import kernel_norm
from keras_norms.lab.errors import BadInput
from keras_norms.lab.report.claims import Claim, claims_table
from keras_norms.lab.report.figures import Figure, drawing
from keras_norms.lab.report.page import Section
from keras_norms.lab.training import Outcome, Run

TITLE = "Ioffe & Szegedy 2015, Section 2: statistics outside the gradient"
STARTS = {"N(0, 0.05²)": "mlp_small", "He": "mlp"}
WAYS = {"statistics as constants": f"{BATCH},statistics_gradient=false", "full gradient": BATCH}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What it is run on."""

    data: str = "digits"
    seeds: int = 3
    steps: int = 1000
    batch: int = 60
    rate: float = 0.1
    backend: str = field(default_factory=keras.config.backend)

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise BadInput(f"seeds={self.seeds} gives nothing to run; write 1 or more")
        self.groups()

    @property
    def study(self) -> str:
        return f"ioffe2015-scale-{self.data}"

    def groups(self) -> dict[str, list[Run]]:
        """By start and way."""
        return {
            f"{start}, {way}": [
                Run(
                    data=self.data,
                    model=model,
                    depth=2,
                    width=32,
                    normalizer=normalizer,
                    batch=self.batch,
                    steps=self.steps,
                    evaluate_every=max(1, self.steps // 50),
                    learning_rate=self.rate,
                    seed=seed,
                    backend=self.backend,
                )
                for seed in range(self.seeds)
            ]
            for start, model in STARTS.items()
            for way, normalizer in WAYS.items()
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, metavar="RATE", help="learning rate")


effort = groups.effort
run = groups.runner(probe=kernel_norm)


def growth(ignored: Outcome, full: Outcome) -> float:
    """The last norm over that of the full gradient; infinite where the run blew up."""
    if ignored.verdict.blown:
        return float("inf")
    return ignored.probed[-1]["norm"] / full.probed[-1]["norm"]


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The claim at both starts, and the norms over steps."""
    found = groups.finished_groups(study, settings.groups())
    if len(found) < len(settings.groups()):
        return groups.unfinished(TITLE)
    claims = [
        Claim(
            f"Statistics outside the gradient let the weights grow (start: {start}).",
            "norm of the kernels / the same with the full gradient",
            threshold=5,
            values=tuple(
                growth(*pair)
                for pair in zip(*(found[f"{start}, {way}"] for way in WAYS), strict=True)
            ),
            paper="blew up",
        )
        for start in STARTS
    ]
    return Section(
        title=f"{TITLE} ({settings.data})",
        summary=[f"Start {s}: {c.finding}." for s, c in zip(STARTS, claims, strict=True)],
        figures=[draw(found, folder / "figures", settings.study)],
        tables=[
            claims_table(
                f"{settings.study}-claims",
                claims,
                "`ioffe15-sec2-scale`: median over paired seeds with its 95 % bootstrap interval.",
            )
        ],
        card=__doc__ or "",
        provenance=f"{groups.provenance(study, found.values())}; {settings.steps} steps a run",
    )


def draw(found: groups.Outcomes, folder: Path, name: str) -> Figure:
    """The norms over steps, medians over seeds."""
    caption = (
        "The norm of the hidden kernels over steps, where mean and deviation are constants to the "
        "gradient (solid) and where they are not (dashed): medians over seeds."
    )
    figure = Figure(name, folder, caption)
    with drawing(figure) as axes:
        for start, colour in zip(STARTS, ("#d55e00", "#0072b2"), strict=True):
            for way, dashes in zip(WAYS, ("-", "--"), strict=True):
                points = pd.DataFrame(
                    [
                        {"step": step, "norm": row["norm"]}
                        for outcome in found[f"{start}, {way}"]
                        for step, row in zip(outcome.curve["step"], outcome.probed, strict=True)
                    ]
                )
                middle = points.groupby("step").norm.median()
                label = f"{start}: {way}"
                axes.plot(middle.index, middle, dashes, color=colour, label=label)
        axes.set(xlabel="training steps (mini-batches)", ylabel="norm of the kernels")
        axes.set(xlim=0, ylim=0)
        axes.set_title("Weights under normalization")
        axes.figure.legend(loc="outside lower center", ncols=2)
    return figure
