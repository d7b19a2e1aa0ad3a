"""The comparison as published: what its runs are, and what its page says."""

from __future__ import annotations

import pytest
from benchmarks.ioffe2015.arms import ARMS, PLAIN

from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import groups
from benchmarks.ioffe2015.imagenet import SCALES, Settings
from keras_norms.lab import trials
from keras_norms.lab.edges.verdict import Verdict
from tests.lab.pretending import Pretended, outcome

pytestmark = pytest.mark.once


def runs(**settings):
    found = Settings(**{**SCALES["paper"], **settings}).groups()
    assert list(found) == [arm.name for arm in ARMS]
    return {name: run for name, (run,) in found.items()}


def test_the_runs_are_the_papers():
    found = runs()
    rates = [run.learning_rate for run in found.values()]
    assert rates == pytest.approx([0.0015, 0.0015, 0.0075, 0.045, 0.0075])
    assert {(run.batch, run.steps, run.width) for run in found.values()} == {(32, 31_000_000, 64)}
    plain, fast = found["Inception"], found["BN-x5"]
    assert (plain.normalizer, fast.normalizer) == ("none", "batch")
    assert (plain.model, fast.model) == ("bn_inception_lrn", "bn_inception")
    assert (plain.dropout, fast.dropout) == (0.4, 0.0)
    assert plain.l2 / fast.l2 == pytest.approx(5)
    assert (plain.data, fast.data) == ("distorted:imagenet2012", "imagenet2012")
    assert (plain.reshuffle, fast.reshuffle) == (False, True)


def test_the_switches():
    assert not any(run.reshuffle for run in runs(shuffle=False).values())
    everywhere = {run.data for run in runs(less_distortion=False).values()}
    assert everywhere == {"distorted:imagenet2012"}
    found = runs(synchronized=True, precision="mixed_bfloat16")
    assert {run.normalizer for run in found.values()} == {"none", "batch:synchronized=True"}
    assert {run.precision for run in found.values()} == {"mixed_bfloat16"}


def as_in_the_paper(run):
    if run.normalizer == "none":
        return outcome(run, Verdict.ALIVE, (0.2, 0.4, 0.6, 0.72))
    best = 0.7 if run.activation == "sigmoid" else 0.75
    return outcome(run, Verdict.ALIVE, (best, best, best, best))


@pytest.fixture
def train(monkeypatch) -> Pretended:
    train = Pretended(rule=as_in_the_paper)
    monkeypatch.setattr(
        groups, "run_trials", lambda *a, **k: trials.run_trials(*a, **{**k, "train": train})
    )
    return train


def test_the_page_of_generated_images_judges_nothing(train, tmp_path):
    command = ["run", "ioffe2015.imagenet", "--out", str(tmp_path)]
    assert BENCHMARKS.main(command) == 0
    page = (tmp_path / "ioffe2015.imagenet.md").read_text()
    assert "5 of 5 networks were trained on random images" in page
    assert "reproduced" not in page


def test_the_page_of_imagenet_is_that_of_the_comparison(train, tmp_path):
    command = ["run", "ioffe2015.imagenet", "--scale", "paper", "--out", str(tmp_path)]
    assert BENCHMARKS.main([*command, "--checkpoints", str(tmp_path / "kept")]) == 0
    assert BENCHMARKS.main(command) == 0  # where they are kept is no other experiment
    assert len(train.trained) == len(ARMS)
    page = (tmp_path / "ioffe2015.imagenet.md").read_text()
    assert f"{PLAIN.paper_best} %" in page
    assert "With five times the learning rate it needs fewer than a third." in page
    assert BENCHMARKS.main([*command, "--precision", "mixed_bfloat16"]) == 2
