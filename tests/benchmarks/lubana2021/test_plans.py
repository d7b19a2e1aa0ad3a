"""Every experiment of the paper: its plan walked with made-up outcomes, its page read back."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from benchmarks.lubana2021 import fits, readings, training
from benchmarks.lubana2021.networks import ARMS
from keras_norms.lab.discovery import discover
from keras_norms.lab.errors import BadInput, BadOption
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.walk import Walk
from tests.benchmarks.lubana2021.made_up import dead, diagnosis, rule
from tests.lab.pretending import complete, unrendered

pytestmark = pytest.mark.once

EXPERIMENTS = {
    name.rpartition(".")[2]: kind for name, kind in discover("benchmarks.lubana2021").items()
}
EDGES = {"group_sizes": (1, 8, 64), "seeds": 6, "most": 6}
SMALL = {
    "training_curves": {"steps": 40},
    "similarity_and_speed": {"steps": 40, "first": 20},
    "similarity_by_group_size": {},
    "gradient_by_layer": {},
    "rank_by_width": {},
    "variance_by_block": {},
    "official_code": {},
    "signals_of_architectures": {},
    "largest_rate_by_group_size": EDGES,
    "predictions": EDGES,
}


def walked(name: str, folder, by=rule, **more) -> tuple[Walk, Ledger]:
    ledger = Ledger.open(folder)
    walk = Walk(EXPERIMENTS[name].at("cpu", {**SMALL[name], **more}), ledger)
    complete(walk, ledger, by, {"diagnosis": diagnosis})
    return walk, ledger


def test_all_are_here():
    assert SMALL.keys() == EXPERIMENTS.keys()


@pytest.mark.every
@pytest.mark.parametrize("name", SMALL)
def test_a_plan_is_walked_published_and_redrawn(name, tmp_path):
    walk, ledger = walked(name, tmp_path / "records")
    assert walk.found.complete
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    page = (tmp_path / "page" / "page.md").read_text()
    assert walk.experiment.title() in page
    verdicts = {row["verdict"] for row in csv.DictReader((tmp_path / "page/claims.csv").open())}
    assert any(verdict.startswith("reproduced") for verdict in verdicts)
    archive = Ledger.open(tmp_path / "page" / "records.jsonl.gz")
    again = Walk(walk.experiment, archive)
    assert again.missing() == []
    with unrendered():
        publish([Part(again)], archive, tmp_path / "again", "page")
    assert (tmp_path / "again" / "page.md").read_text() == page


@pytest.mark.full
@pytest.mark.parametrize("name", ["variance_by_block", "gradient_by_layer", "training_curves"])
def test_a_network_that_is_dead_at_its_start_is_a_verdict(name, tmp_path):
    walk, ledger = walked(name, tmp_path, dead)
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert walk.found.complete
    assert "dead at start" in (tmp_path / "page" / "page.md").read_text() or "gradient" in name


def verdicts(name: str, folder, by=rule, **more) -> list[str]:
    walk, _ = walked(name, folder, by, **more)
    return [claim.verdict for claim in walk.experiment.claims(walk.found)]


@pytest.mark.full
def test_the_paper_s_sentences_hold_of_what_is_made_up_by_them(tmp_path):
    assert verdicts("variance_by_block", tmp_path / "1") == ["reproduced"] * 5
    assert verdicts("gradient_by_layer", tmp_path / "2") == ["reproduced"] * 2
    assert verdicts("similarity_by_group_size", tmp_path / "3") == ["reproduced"] * 4
    assert verdicts("largest_rate_by_group_size", tmp_path / "4") == ["reproduced"] * 2
    assert verdicts("training_curves", tmp_path / "5")[:2] == ["reproduced"] * 2


def test_a_network_that_grows_everywhere_is_no_line(tmp_path):
    def everything(run):
        found = rule(run)
        steep = {probe: [{**row, "variance": (3.0 ** np.arange(len(row["variance"]))).tolist()}
                         for row in rows] for probe, rows in found.probed.items()}  # fmt: skip
        return type(found)(**{**found.__dict__, "probed": steep})

    said = verdicts("variance_by_block", tmp_path, everything)
    assert said == ["not reproduced"] * 3 + ["reproduced", "not reproduced"]


def test_training_curves_and_speeds_share_their_runs(tmp_path):
    curves, _ = walked("training_curves", tmp_path / "1")
    speeds, _ = walked("similarity_and_speed", tmp_path / "2")
    assert {job.key for job in speeds.found.jobs} < {job.key for job in curves.found.jobs}


def test_departures_of_the_official_code_are_options():
    usual, code = (EXPERIMENTS["training_curves"](code=code) for code in (False, True))
    changed = [arm for arm in ARMS if usual.normalizer(arm) != code.normalizer(arm)]
    assert changed == ["GN", "FRN"]
    assert code.normalizer("GN").endswith("UnbiasedGroups:size=2")
    rates = {scaling: EXPERIMENTS["training_curves"](scaling=scaling, batch=16).trained(
        "cfg_10", "BN")[0].learning_rate for scaling in training.SCALINGS}  # fmt: skip
    assert rates == {"none": 0.1, "linear": 0.1 / 16, "inverse": 1.6}


def test_failing_and_being_slowest():
    def mean(**values):
        return {arm: Quantity(arm, {0: value}) for arm, value in values.items()}

    networks = [mean(a=0.9, b=0.8, c=0.1), mean(a=0.9, b=0.8, c=0.85)]
    # c fails on the first; b is the slowest that goes on both.
    assert readings.failures(networks, 0.5).values == {0: 2}
    assert readings.failures(networks[:1], 0.05).values == {0: 1}


def test_fits():
    line, power = 3 + 2 * np.arange(9.0), 5 * 1.7 ** np.arange(9.0)
    assert fits.straight(line) == pytest.approx(1)
    assert fits.bent(power) == pytest.approx(1)
    assert fits.growth(power) == pytest.approx(1.7)
    noisy = np.random.default_rng(0).normal(size=9)
    fitted = np.polyval(np.polyfit(np.arange(9), noisy, 1), np.arange(9))
    expected = 1 - ((noisy - fitted) ** 2).sum() / ((noisy - noisy.mean()) ** 2).sum()
    assert fits.straight(noisy) == pytest.approx(expected)
    assert fits.straight(np.ones(4)) == 1
    assert fits.spearman([1, 2, 3, np.inf], [2, 4, 4.5, 9]) == pytest.approx(1)
    assert fits.spearman([1, 2, 3], [5, 5, 5]) == 0


def test_an_error_left_out_is_that_of_a_fit_without_the_point():
    draw = np.random.default_rng(1)
    x, y = draw.normal(size=(3, 12)), draw.normal(size=12)
    errors = []
    for k in range(12):
        rest = np.arange(12) != k
        design = np.column_stack([np.ones(11), x[:, rest].T])
        weights = np.linalg.lstsq(design, y[rest], rcond=None)[0]
        errors.append((y[k] - weights @ [1, *x[:, k]]) ** 2)
    assert fits.left_out_error(list(x), y) == pytest.approx(np.mean(errors))


@pytest.mark.parametrize(("name", "options", "said"), [
    ("similarity_and_speed", {"first": 301}, "at most the run's steps=300"),
    ("rank_by_width", {"group_sizes": (512,)}, "three or more"),
    ("largest_rate_by_group_size", {"group_sizes": (4,)}, "two sizes or more"),
    ("predictions", {"depths": (10,)}, "two depths or more"),
    ("training_curves", {"networks": ("cfg_11",)}, "cfg_10"),
])  # fmt: skip
def test_what_cannot_be_is_named(name, options, said, tmp_path):
    with pytest.raises((BadInput, BadOption), match=said):
        Walk(EXPERIMENTS[name].at("cpu", options), Ledger.open(tmp_path))


def test_the_paper_s_own_size_is_held_to_its_numbers(tmp_path):
    walk, _ = walked("training_curves", tmp_path, data="cifar100", networks=("ResNet-56",))
    full = [c for c in walk.experiment.claims(walk.found) if c.target == "lubana21-full"]
    assert [len(claim.holds.inequalities) for claim in full] == [3]
    ended, *faster = full[0].holds.inequalities
    assert ended.quantity.estimate == walk.found["BN, ResNet-56"].final("test_accuracy").estimate
    assert [str(part).count("(BN") + str(part).count("(LN") for part in faster] == [1, 1]
