"""The comparison as a table beside the paper's, a figure, and sentences."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.ioffe2015.arms import ARMS, BASELINE, PLAIN, X5
from benchmarks.ioffe2015.claims import claims
from benchmarks.ioffe2015.measures import Comparison, best_accuracy, mean_accuracy
from benchmarks.ioffe2015.tables import ends
from keras_norms.lab.report.claims import claims_table, interval_text
from keras_norms.lab.report.learning_curves import draw_learning_curves
from keras_norms.lab.report.tables import Table, number, percent


def contents(comparison: Comparison, folder: Path) -> dict[str, Any]:
    """Summary, figures and tables of the section."""
    name = comparison.name
    return {
        "summary": summary(comparison),
        "figures": [figure(comparison, folder / "figures")],
        "tables": [
            arms_table(comparison),
            claims_table(
                f"{name}-claims",
                claims(comparison.measured),
                "`ioffe15-fig3`, the paper's sentences as inequalities: median over paired seeds "
                "with its 95 % bootstrap interval.",
            ),
            *([sweep_table(comparison)] if len(comparison.sweep) > 1 else []),
        ],
    }


def summary(comparison: Comparison) -> list[str]:
    plain = comparison.measured[PLAIN]
    sentences = [
        f"The plain network does best at a learning rate of {comparison.rate:g}: "
        f"{percent(np.median(plain.best))} test accuracy after {number(np.median(plain.steps))} "
        "steps (median over seeds)."
    ]
    for arm in (BASELINE, X5):
        if arm in comparison.measured:
            found = comparison.measured[arm]
            steps = np.median(found.steps)
            sentences.append(
                f"{arm.name} gets there in {number(steps)} steps, a speed-up of "
                f"{number(np.median(found.speedup))}."
                if math.isfinite(steps)
                else f"{arm.name} does not get there in most seeds."
            )
    return sentences


def arms_table(comparison: Comparison) -> Table:
    """A row an arm: ours with intervals, then the paper's."""
    rows, tidy = [], []
    for arm, found in comparison.measured.items():
        rate = comparison.rate * arm.times
        rows.append(
            {
                "network": arm.name,
                "learning rate": number(rate),
                "steps to plain's best": interval_text(found.steps, number),
                "speed-up": interval_text(found.speedup, number),
                "best accuracy": interval_text(found.best, percent),
                "ends": ends(found.verdicts),
                "paper: steps": f"{arm.paper_steps}M" if arm.paper_steps else "–",
                "paper: speed-up": number(PLAIN.paper_steps / arm.paper_steps)
                if arm.paper_steps
                else "–",
                "paper: best": f"{arm.paper_best} %" if arm.paper_best else "–",
            }
        )
        columns = zip(found.best, found.steps, found.speedup, found.verdicts, strict=True)
        tidy += [
            {
                "network": arm.name,
                "learning_rate": rate,
                "seed": seed,
                "best_accuracy": best,
                "steps": steps,
                "speedup": speedup,
                "verdict": str(verdict),
            }
            for seed, (best, steps, speedup, verdict) in enumerate(columns)
        ]
    caption = (
        "Steps to the plain network's best test accuracy, and best test accuracy: median over "
        "paired seeds with its 95 % bootstrap interval; ∞: not reached. Beside them the paper's "
        "numbers (ImageNet, 13.6 million parameters)."
    )
    return Table(f"{comparison.name}-arms", pd.DataFrame(rows), caption, pd.DataFrame(tidy))


def sweep_table(comparison: Comparison) -> Table:
    """A row a learning rate of the plain arm."""
    rows = [
        {
            "learning rate": number(rate),
            "mean accuracy of a run": percent(mean_accuracy(outcomes)),
            "best accuracy": percent(float(np.median([best_accuracy(o) for o in outcomes]))),
            "blew up": f"{sum(o.verdict.blown for o in outcomes)} of {len(outcomes)}",
            "chosen": "yes" if rate == comparison.rate else "",
        }
        for rate, outcomes in comparison.sweep.items()
    ]
    caption = (
        "The plain network's learning rate: chosen for the highest best accuracy; within half a "
        "point of it, for the highest accuracy averaged over the run (medians over seeds)."
    )
    return Table(f"{comparison.name}-sweep", pd.DataFrame(rows), caption)


def figure(comparison: Comparison, folder: Path):
    arms = [arm for arm in ARMS if arm in comparison.measured]
    points = [
        {"arm": arm.name, "seed": outcome.run.seed, "step": step, "test_accuracy": accuracy}
        for arm in arms
        for outcome in comparison.arms[arm]
        for step, accuracy in zip(
            outcome.curve["step"], outcome.curve["test_accuracy"], strict=True
        )
    ]
    return draw_learning_curves(
        folder,
        comparison.name,
        pd.DataFrame(points),
        {arm.name: arm.look for arm in arms},
        title="Test accuracy of five networks",
        caption="Test accuracy against steps, after the paper's Figure 2. The plain network's "
        f"learning rate is {comparison.rate:g}. Lines are medians over seeds, bands their range. "
        "Diamonds: the median step at which a network reaches the best accuracy of the plain one "
        "(dotted line: its median).",
        target=float(np.median(comparison.measured[PLAIN].best)),
        reached={arm.name: float(np.median(comparison.measured[arm].steps)) for arm in arms},
    )
