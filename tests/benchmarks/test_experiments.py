"""The experiments of the benchmarks: their names, cards and presets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.ioffe2015.algorithm1_exact import Exact
from benchmarks.ioffe2015.figure1_training import Training
from benchmarks.ioffe2015.section421_shuffle import Shuffle
from keras_norms.lab.discovery import discover
from keras_norms.lab.errors import BadInput

pytestmark = pytest.mark.once

FOUND = discover("benchmarks")
OF_2015 = {name: kind for name, kind in FOUND.items() if name.startswith("ioffe2015.")}
NAMES = (
    "exact training convergence imagenet architecture bias scale throughput ablation shuffle "
    "divergence sigmoid ensemble"
)


def test_they_stand_in_the_papers_order():
    assert [*OF_2015] == [f"ioffe2015.{name}" for name in NAMES.split()]


@pytest.mark.parametrize("name", OF_2015)
def test_every_card_has_what_a_card_has(name):
    card = OF_2015[name].card()
    for entry in ("Paper", "Claim", "Ours", "Cost", f"python -m benchmarks run {name}"):
        assert entry in card
    file = Path(sys.modules[OF_2015[name].__module__].__file__)
    assert len(file.read_text().splitlines()) <= 120


def test_a_scale_changes_the_defaults_and_options_change_the_scale():
    paper = Training.at("paper", {"seeds": 2})
    assert (paper.data, paper.steps, paper.seeds) == ("mnist:binary=true", 50_000, 2)
    assert Shuffle.at("gpu").model == "bn_inception:width=16"
    assert Exact.at("gpu") == Exact.at("cpu") == Exact()
    assert Training.scales() == ["cpu", "gpu", "paper"]


@pytest.mark.parametrize(
    "kind", [kind for name, kind in OF_2015.items() if "steps" in kind().options()]
)
def test_bad_options_are_refused(kind):
    with pytest.raises(BadInput, match="steps"):
        kind(steps=0)
