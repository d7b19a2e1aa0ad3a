"""The comparison of Figures 2 and 3: what is measured, its tables and its figure."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmarks.ioffe2015.networks import ARMS, PLAIN, mean_accuracy
from benchmarks.ioffe2015.tables import ends
from keras_norms.lab.found import Found, Group
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.learning_curves import draw_learning_curves
from keras_norms.lab.report.tables import Table, number, percent


def steps_to_plain(group: Group, plain: Group) -> Quantity:
    """Steps to the best accuracy of the same seed's plain run; infinite where never reached."""
    targets = dict(zip(plain.seeds, plain.best().values.values(), strict=True))
    steps = {
        seed: float(outcome.steps_to("test_accuracy", targets[seed]))
        for seed, outcome in zip(group.seeds, group, strict=True)
    }
    return Quantity(f"steps to plain's best ({group.name})", steps, "steps")


def speed_up(group: Group, plain: Group) -> Quantity:
    """The plain run's steps over these; 0 where it is not reached."""
    return steps_to_plain(plain, plain) / steps_to_plain(group, plain)


def arms_table(name: str, found: Found, rate: float) -> Table:
    """A row an arm: ours with intervals, then the paper's."""
    rows, tidy = [], []
    for arm in ARMS.values():
        group = found[arm.name]
        steps, faster = (of(group, found[PLAIN.name]) for of in (steps_to_plain, speed_up))
        best = group.best()
        paper = PLAIN.paper_steps / arm.paper_steps if arm.paper_steps else None
        rows.append(
            {
                "network": arm.name,
                "learning rate": number(rate * arm.times),
                "steps to plain's best": interval_text([*steps.values.values()]),
                "speed-up": interval_text([*faster.values.values()]),
                "best accuracy": interval_text([*best.values.values()], percent),
                "ends": ends(outcome.verdict for outcome in group),
                "paper: steps": f"{arm.paper_steps}M" if arm.paper_steps else "–",
                "paper: speed-up": number(paper),
                "paper: best": f"{arm.paper_best} %" if arm.paper_best else "–",
            }
        )
        tidy += [
            {
                "network": arm.name,
                "learning_rate": rate * arm.times,
                "seed": seed,
                "best_accuracy": best.values[seed],
                "steps": steps.values[seed],
                "speedup": faster.values[seed],
                "verdict": str(outcome.verdict),
            }
            for seed, outcome in zip(group.seeds, group, strict=True)
        ]
    caption = (
        "Steps to the plain network's best test accuracy, and best test accuracy: median over "
        "paired seeds with its exact interval; ∞: not reached. Beside them the paper's numbers "
        "(ImageNet, 13.6 million parameters)."
    )
    return Table(f"{name}-arms", pd.DataFrame(rows), caption, pd.DataFrame(tidy))


def sweep_table(name: str, found: Found, rates: Sequence[float], chosen: float) -> Table:
    """A row a learning rate of the plain arm."""
    rows = []
    for rate in rates:
        group = found[f"sweep, {rate:g}"]
        rows.append(
            {
                "learning rate": number(rate),
                "mean accuracy of a run": percent(mean_accuracy(group).estimate),
                "best accuracy": percent(group.best().estimate),
                "ends": ends(outcome.verdict for outcome in group),
                "chosen": "yes" if rate == chosen else "",
            }
        )
    caption = (
        "The plain network's learning rate, on a fifth of the training set with tuning seeds: the "
        "highest best accuracy; within half a point of it, the highest accuracy averaged over the "
        "run (medians over seeds)."
    )
    return Table(f"{name}-sweep", pd.DataFrame(rows), caption)


def draw(name: str, found: Found, rate: float) -> Figure:
    arms = [arm for arm in ARMS.values() if arm.paper_steps or arm.paper_best and arm.times > 1]
    points = [
        {"arm": arm.name, "seed": seed, "step": step, "test_accuracy": accuracy}
        for arm in arms
        for seed, outcome in zip(found[arm.name].seeds, found[arm.name], strict=True)
        for step, accuracy in zip(
            outcome.curve["step"], outcome.curve["test_accuracy"], strict=True
        )
    ]
    plain = found[PLAIN.name]
    return draw_learning_curves(
        found.folder,
        name.replace(".", "-"),
        pd.DataFrame(points),
        {arm.name: arm.look for arm in arms},
        title="Test accuracy of five networks",
        caption="Test accuracy against steps, after the paper's Figure 2. The plain network's "
        f"learning rate is {rate:g}. Lines are medians over seeds, bands their range. Diamonds: "
        "the median step at which a network reaches the best accuracy of the plain one (dotted "
        "line: its median).",
        target=plain.best().estimate,
        reached={a.name: steps_to_plain(found[a.name], plain).estimate for a in arms},
    )
