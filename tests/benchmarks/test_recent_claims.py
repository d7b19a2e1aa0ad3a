"""Claims of 2020 to 2026: plans walked with made-up answers, in both directions."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from keras_norms.lab.discovery import discover
from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete

pytestmark = pytest.mark.once

EVERY = discover("benchmarks")
YES, NO, POWERLESS = "reproduced", "not reproduced", "no power here"


def norms(bounded: bool, explode: bool):
    def answer(job):
        grows = explode if job.arguments["arm"] == "normal" else not bounded
        return [100.0 if grows else 1.0, 1.0]

    return {"by_layer": answer}


def losses(late: bool, ends: bool):
    """At once without BN above 2, with it after 20 steps where `late`."""

    def answer(job):
        large, falls = job.arguments["rate"] > 2, [2.0 * 0.9**k for k in range(30)]
        if job.arguments["arm"] == "none":
            return {"losses": [1.0, 10.0, 100.0] if large else falls}
        at = 20 if late else 2
        risen = [*falls[:at], 3.0, 1e-9 if ends else 1e-3]
        return {"losses": risen if large else falls}

    return {"descent": answer}


def looks(sharp, norm=lambda k: 3.0, rises=10, diverged=False):
    """Twenty looks; the functions are of the share of training, or numbers."""
    share = np.linspace(0, 1, 21)
    return {
        "step": [60 * k for k in range(21)],
        "loss": [float(np.exp(-2 * s)) for s in share],
        "sharpness": [float(sharp(s)) for s in share],
        "norm": [float(norm(s)) for s in share],
        "rises": [rises] * 21,
        "diverged": diverged,
    }


def at_edge(kept: float, free: float, rises: int):
    def answer(job):
        slow = job.arguments["rate"] < 0.1
        return looks(lambda s: (free if slow else kept) * 2 / 0.18, rises=rises)

    return {"descend": answer}


def with_decay(kept: float, falls: bool, start: float = 0.5):
    def answer(job):
        def sharp(s):
            return (start if s == 0 else kept) * 2 / 0.1

        shrinks = falls and job.arguments["decay"]
        return looks(sharp, norm=lambda s: 3 * math.exp(-s) if shrinks else 3.0)

    return {"descend": answer}


def by_decay(slows: bool, plain: float, normalized: float):
    """At the largest decay, in units of 2 / rate, at the edge."""

    def answer(job):
        decay, rate = job.arguments["decay"], job.arguments["rate"]
        if rate < 0.1:
            return looks(lambda s: 1 + s * (0.5 - (10 * decay if slows else -10 * decay)))
        last = normalized if job.arguments["batch"] else plain
        return looks(lambda s: (1 + (last - 1) * decay / 0.03) * 2 / rate)

    return {"descend": answer}


def scanned(wide: float, deep: float, reduced: float, normalized: float):
    """c_loss of each network; c_max is 1.8 times that."""

    def answer(job):
        batch, shallow = job.arguments["batch"], job.arguments["depth"] == 1
        first = normalized if batch else wide if shallow else deep
        highest = [1000.0 if c > 1.8 * first else 2.0 if c > first else 1.0
                   for c in job.arguments["units"]]  # fmt: skip
        return {"sharpness": 30.0, "reduced": 1.0 if shallow else reduced, "highest": highest}

    return {"scan": answer}


def rotated(angle: float, length: float, first: float = 0.2):
    """Angles and lengths over the predicted ones in the second half."""

    def answer(job):
        told = job.arguments
        said = math.sqrt(2 * told["rate"] * told["decay"] / (1 + told["momentum"]))
        there = angle if told["batch"] else 0.1
        norm = (told["rate"] * 4 / (2 * told["decay"])) ** 0.25 * length
        return {"angle": [first * said, *[there * said] * 9], "norm": [norm] * 10,
                "gradient": [2.0] * 10, "loss": [0.1] * 10}  # fmt: skip

    return {"rotation": answer}


def blocks(normalized: bool, bounded: bool = True, pre: float = 20.0):
    """Variances of twelve blocks, and with twice the kernels."""

    def answer(job):
        norm, start = job.arguments["norm"], [1.0 + k for k in range(12)]
        if norm == "post":
            return [[1.0 if normalized else 2.0] * 12] * 2
        if norm == "scaled" and bounded:
            start = [1.0 + 0.1 * k for k in range(12)]
        if norm == "peri" and not normalized:
            start = [1.5**k for k in range(12)]
        times = 1.0 if norm == "peri" else pre
        return [start, [times * one for one in start]]

    return {"by_block": answer}


def trained(**largest: float):
    def answer(job):
        last = largest[job.arguments["arm"].replace("-", "_")]
        return [0.1 if rate <= last else 1000.0 for rate in job.arguments["rates"]]

    return {"last_losses": answer}


def rough(plain: int, normalized: int):
    def answer(job):
        changes = plain if job.arguments["arm"] == "none" else normalized
        levels = 7 if changes else 1
        return {"centre": 8.0, "reach": [32.0**-k for k in range(levels)],
                "changes": [changes] * levels, "share": [0.5] * levels}  # fmt: skip

    return {"zoom": answer}


CASES = [
    ("meterez2023.bounded_gradients", norms(True, True), [YES, YES, YES]),
    ("meterez2023.bounded_gradients", norms(False, True), [NO, NO, YES]),
    ("meterez2023.bounded_gradients", norms(True, False), [POWERLESS, POWERLESS, NO]),
    ("gao2026.delayed_spikes", losses(True, True), [YES, YES, YES]),
    ("gao2026.delayed_spikes", losses(False, False), [YES, NO, NO]),
    ("cohen2024.edge_of_stability", at_edge(1.0, 1.5, 10), [YES, YES, YES, YES]),
    ("cohen2024.edge_of_stability", at_edge(1.2, 1.5, 0), [NO, NO, NO, NO]),
    ("cohen2024.edge_of_stability", at_edge(1.0, 1.0, 10), [POWERLESS] * 4),
    ("lyu2022.edge_with_decay", with_decay(1.0, True), [YES, YES]),
    ("lyu2022.edge_with_decay", with_decay(0.6, False), [NO, NO]),
    ("lyu2022.edge_with_decay", with_decay(1.0, True, start=1.0), [POWERLESS, YES]),
    ("saether2026.weight_decay", by_decay(True, 0.5, 1.5), [YES, YES, NO]),
    ("saether2026.weight_decay", by_decay(False, 1.0, 0.5), [NO, NO, YES]),
    ("kalra2023.critical_rates", scanned(2.3, 4.5, 0.8, 20.0), [YES] * 5),
    ("kalra2023.critical_rates", scanned(4.5, 2.0, 1.0, 4.0), [NO] * 5),
    ("wan2020.equilibrium", rotated(1.02, 0.98), [YES, YES, YES]),
    ("wan2020.equilibrium", rotated(1.3, 0.7), [NO, NO, NO]),
    ("wan2020.equilibrium", rotated(1.0, 1.0, first=1.0), [POWERLESS] * 3),
    ("gilmer2021.warm_up", trained(none=0.2, warm_up=3, BN=4, LN=1), [YES, YES, YES]),
    ("gilmer2021.warm_up", trained(none=0.2, warm_up=0.1, BN=4, LN=1), [NO, NO, NO]),
    ("gilmer2021.warm_up", trained(none=1, warm_up=3, BN=1, LN=1), [YES, POWERLESS, POWERLESS]),
    ("kim2025.variance_growth", blocks(True), [YES] * 5),
    ("kim2025.variance_growth", blocks(False, bounded=False), [YES, YES, NO, NO, NO]),
    ("kim2025.variance_growth", blocks(True, pre=1.0), [YES, NO, POWERLESS, YES, YES]),
    ("sohldickstein2024.boundary", rough(20, 1), [YES, NO, NO]),
    ("sohldickstein2024.boundary", rough(1, 20), [NO, YES, YES]),
    ("sohldickstein2024.boundary", rough(0, 0), [NO, NO, NO]),
]


@pytest.mark.parametrize(("name", "answers", "verdicts"), CASES)
def test_a_claim_is_judged_both_ways(name, answers, verdicts, tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(EVERY[name].at("cpu", {}), ledger)
    complete(walk, ledger, answers=answers)
    assert walk.experiment.seeds >= 6
    assert [claim.verdict for claim in walk.experiment.claims(walk.found)] == verdicts
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert walk.experiment.title() in (tmp_path / "page/page.md").read_text()
    assert [*csv.DictReader((tmp_path / "page/claims.csv").open())]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("meterez2023.bounded_gradients", {"depths": (4, 4)}, r"depths.*two depths"),
        ("gao2026.delayed_spikes", {"rates": (1.0,)}, r"rates.*above 2"),
        ("saether2026.weight_decay", {"decays": (1e-3, 1e-2)}, r"decays.*write 0"),
        ("gilmer2021.warm_up", {"rates": (0.1,)}, r"rates.*two rates"),
    ],
)
def test_options_that_leave_nothing_to_compare(name, options, message):
    with pytest.raises(BadInput, match=message):
        next(EVERY[name].at("cpu", options).plan())
