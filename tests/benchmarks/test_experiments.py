"""The programs: every experiment is found, has a card, plans something, and answers to its name."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from keras_norms.lab import carrying_out, command
from keras_norms.lab.command import chosen, groups
from keras_norms.lab.discovery import discover
from keras_norms.lab.job import Job
from keras_norms.lab.walk import Search

pytestmark = pytest.mark.once

PROGRAMS = {name: discover(name) for name in ("benchmarks", "studies")}
EVERY = {**PROGRAMS["benchmarks"], **PROGRAMS["studies"]}
YOURS = {"max_learning_rate"}  # plans nothing without your own model
# As earlier versions called them; all still answer.
NAMES = {
    *("ioffe2015.convergence", "ioffe2015.divergence", "ioffe2015.shuffle", "ioffe2015.scale"),
    *("ioffe2015.sigmoid", "ioffe2015.ablation", "ioffe2015.ensemble", "ioffe2015.exact"),
    *("ioffe2015.bias", "ioffe2015.architecture", "ioffe2015.throughput", "ioffe2015.imagenet"),
    *("frontier", "batch_size", "group_size", "theory", "tune", "family"),
}


def test_the_old_names_still_answer():
    assert set(EVERY) >= NAMES
    assert {"ioffe2015", "speed", "surgery", "search"} <= set(groups(EVERY))


def test_a_group_is_all_of_its_experiments_in_their_order():
    found = chosen(EVERY, "ioffe2015")
    assert [kind.name() for kind in found] == [n for n in EVERY if n.startswith("ioffe2015.")]


@pytest.mark.every
@pytest.mark.parametrize("name", EVERY)
def test_an_experiment_has_a_card_and_documented_options(name):
    kind = EVERY[name]
    assert re.search(r"^Command  ", kind.card(), re.MULTILINE), "how it is run"
    assert f"run {name}" in kind.card() or f"run {name.partition('.')[0]}" in kind.card()
    for scale in kind.scales():
        kind.at(scale)  # every preset can be


@pytest.mark.every
@pytest.mark.parametrize("name", sorted(set(EVERY) - YOURS))
def test_a_plan_begins_with_named_groups_of_jobs(name):
    groups_of = next(EVERY[name].at("cpu").plan())
    assert groups_of
    for content in groups_of.values():
        if isinstance(content, list):
            assert content
            assert all(isinstance(job, Job) for job in content)
        else:
            assert isinstance(content, Search) or hasattr(content, "read")


def test_a_command_names_its_options_and_scale(monkeypatch):
    given = []
    monkeypatch.setattr(
        command, "carry_out", lambda experiments, *_, **__: given.append(experiments)
    )
    program = command.Program("benchmarks", "", "")
    assert program.main(["run", "ioffe2015.shuffle", "--seeds", "2", "--scale", "gpu"]) == 0
    ((one,),) = given
    assert (one.seeds, one.data) == (2, "cifar10")
    assert one.changed().keys() >= {"seeds", "data"}
    assert carrying_out.experiment_of(carrying_out._entry(one, "gpu", "c")) == one


def test_listing_imports_no_framework():
    code = (
        "import sys; from keras_norms.lab.discovery import discover; discover('benchmarks'); "
        "sys.exit(bool({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
