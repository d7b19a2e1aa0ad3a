"""The comparison of Figures 2 and 3: what is measured, its tables and its figure."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from benchmarks.ioffe2015.networks import ARMS, PLAIN
from keras_norms.lab.claim import Claim
from keras_norms.lab.found import Found, Group, between
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.ends import ends
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.learning_curves import curves, draw_learning_curves
from keras_norms.lab.report.tables import Table, number, percent
from keras_norms.lab.statistics import Tolerance

TRAINED, BLOWN = ("alive", "useful"), ("blew up", "dead at start")
NOT_BLOWN = (*TRAINED, "untrained")
SHOWN = [name for name, arm in ARMS.items() if arm.paper_steps or name == "BN-x5-Sigmoid"]


def steps_to_plain(group: Group, plain: Group) -> Quantity:
    """Steps to the best accuracy of the same seed's plain run; infinite where never reached."""
    return between(
        group,
        plain,
        lambda one, bare: one.steps_to("test_accuracy", bare.best("test_accuracy")),
        f"steps to plain's best ({group.name})",
        "steps",
    )


def speed_up(group: Group, plain: Group) -> Quantity:
    """The plain run's steps over these; 0 where it is not reached."""
    return steps_to_plain(plain, plain) / steps_to_plain(group, plain)


def claims(found: Found) -> Iterator[Claim]:
    """The paper's sentences; nothing is judged where the plain network is untrained."""
    plain = found[PLAIN.name]
    shown = {"target": "ioffe15-fig3", "control": plain.share(*TRAINED) > 0.5}
    faster = {name: speed_up(found[name], plain) for name in ("BN-Baseline", "BN-x5")}
    kept = plain[0].correct
    close = Tolerance.at_least(0.005, len(kept)).share if kept is not None else 0.005
    higher = found["BN-x30"].best() - found["BN-x5"].best()
    for sentence, holds, paper in (
        ("Batch normalization alone needs fewer steps than the plain network.",
         faster["BN-Baseline"] > 1, "2.33"),
        ("With five times the learning rate it needs fewer than a third.",
         faster["BN-x5"] > 3, "14.8"),
        ("With batch normalization five times the learning rate does not diverge.",
         found["BN-x5"].share(*NOT_BLOWN) > 0.5, "trains"),
        ("With thirty times the learning rate the accuracy is as high or higher.",
         higher >= -close, "+0.018"),
        ("With batch normalization the network trains with sigmoids.",
         found["BN-x5-Sigmoid"].share(*TRAINED) > 0.5, "69.8 %"),
    ):  # fmt: skip
        yield Claim(sentence, holds, paper=paper, **shown)
    for sentence, name, verdicts, paper in (
        ("Without it five times the learning rate diverges.",
         "Inception-x5", BLOWN, "reached infinity"),
        ("Without it the network with sigmoids stays at chance.",
         "Inception-Sigmoid", ("untrained",), "0.1 %, chance"),
    ):  # fmt: skip
        if name in found:
            yield Claim(sentence, found[name].share(*verdicts) > 0.5, paper=paper, **shown)


def arms_table(name: str, found: Found, rate: float) -> Table:
    """A row an arm: ours with intervals, then the paper's."""
    rows, tidy = [], []
    for arm in (arm for arm in ARMS.values() if arm.name in found):
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


def draw(name: str, found: Found, rate: float) -> Figure:
    arms = {name: arm.look for name, arm in ARMS.items() if name in SHOWN}
    plain = found[PLAIN.name]
    return draw_learning_curves(
        found.folder,
        name.replace(".", "-"),
        curves({name: found[name] for name in arms}),
        arms,
        title="Test accuracy of five networks",
        caption="Test accuracy against steps, after the paper's Figure 2. The plain network's "
        f"learning rate is {rate:g}. Lines are medians over seeds, bands their range. Diamonds: "
        "the median step at which a network reaches the best accuracy of the plain one (dotted "
        "line: its median).",
        target=plain.best().estimate,
        reached={name: steps_to_plain(found[name], plain).estimate for name in arms},
    )
