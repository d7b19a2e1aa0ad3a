"""The command line of groups and scales, and the cards."""

from __future__ import annotations

import pytest
from benchmarks.ioffe2015.experiments import EXPERIMENTS
from keras_norms.lab.experiments import scales, settings_of

from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import ensemble, exact, figure1, shuffle
from keras_norms.lab import command

pytestmark = pytest.mark.once


@pytest.fixture
def plans(monkeypatch) -> list:
    """What would have been carried out."""
    given = []
    monkeypatch.setattr(command, "carry_out", lambda plan, *_, **__: given.append(plan))
    return given


def test_a_group_is_run_whole_and_in_order(plans):
    assert BENCHMARKS.main(["run", "ioffe2015"]) == 0
    (plan,) = plans
    assert [module for module, _ in plan] == list(EXPERIMENTS.values())
    assert len({settings.study for _, settings in plan}) == len(plan) == 13


def test_one_of_a_group_is_run_alone(plans):
    assert BENCHMARKS.main(["run", "ioffe2015.shuffle", "--seeds", "2"]) == 0
    assert plans == [[(shuffle, shuffle.Settings(seeds=2))]]


def test_a_scale_changes_the_defaults_and_options_change_the_scale(plans):
    assert BENCHMARKS.main(["run", "ioffe2015.figure1", "--scale", "paper", "--seeds", "2"]) == 0
    ((_, settings),) = plans[0]
    assert (settings.data, settings.steps, settings.seeds) == ("binary:mnist", 50_000, 2)
    assert BENCHMARKS.main(["run", "ioffe2015", "--scale", "gpu"]) == 0
    chosen = dict(plans[1])
    assert chosen[shuffle].data == "cifar10"
    assert chosen[shuffle].model == "bn_inception"
    assert chosen[exact] == exact.Settings()
    assert BENCHMARKS.main(["run", "ioffe2015", "--scale", "cpu"]) == 0
    assert dict(plans[2])[figure1] == figure1.Settings()


def test_what_is_streamed_is_not_fetched_as_arrays(plans, monkeypatch):
    names = []
    monkeypatch.setattr(command.data, "load", lambda name, **_: names.append(name))
    assert BENCHMARKS.main(["run", "ioffe2015", "--scale", "gpu", "--download"]) == 0
    assert "cifar10" in names
    assert "generated" not in names


def test_scales_are_those_of_the_experiments():
    assert scales([exact]) == ["cpu"]
    assert scales([exact, ensemble, figure1]) == ["cpu", "gpu", "paper"]
    assert settings_of(exact, {"scale": "gpu"}) == exact.Settings()


@pytest.mark.parametrize(
    "command",
    [
        ["run", "ioffe2015.fig1"],
        ["run", "ioffe"],
        ["run", "ioffe2015.exact", "--scale", "gpu"],
        ["run", "ioffe2015", "--scale", "huge"],
    ],
)
def test_unknown_names_and_scales(command, capsys):
    with pytest.raises(SystemExit) as end:
        BENCHMARKS.main(command)
    assert end.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_card_has_what_a_card_has(name):
    card = EXPERIMENTS[name].__doc__
    for entry in ("Paper", "Claim", "Ours", "Cost", f"python -m benchmarks run {name} --out"):
        assert entry in card
