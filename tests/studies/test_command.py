"""The command line of the studies, in this process and with pretended training."""

from __future__ import annotations

import functools
import itertools
import json
import math

import optuna
import pandas as pd
import pytest

from keras_norms.lab import trials
from studies import charting
from studies.__main__ import STUDIES
from tests.lab.pretending import Pretended

pytestmark = pytest.mark.once

SMALL = ["run", "frontier", "--depths", "2", "--normalizers", "none", "layer", "--seeds", "1",
         "--steps", "20", "--low", "0.01", "--high", "10", "--most", "6"]  # fmt: skip


@pytest.fixture
def train(monkeypatch) -> Pretended:
    train = Pretended()
    monkeypatch.setattr(
        charting, "run_searches", functools.partial(trials.run_searches, train=train)
    )
    return train


def test_run_ends_in_a_page(train, tmp_path, capsys):
    assert STUDIES.main([*SMALL, "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "frontier.html") in capsys.readouterr().out
    table = (tmp_path / "tables" / "frontier-digits-mlp.md").read_text()
    assert "trains (20 steps)" in table
    # The pretended truth: trains up to 0.5, blows up above 3.
    rows = pd.read_csv(tmp_path / "tables" / "frontier-digits-mlp.csv")
    assert rows.normalizer.tolist() == ["none", "layer"]
    assert rows.trains_median_log10.to_numpy() == pytest.approx(math.log10(0.5), abs=0.3)
    assert rows.blow_up_median_log10.to_numpy() == pytest.approx(math.log10(3), abs=0.3)
    for figure in ("", "-chances", "-trace"):
        assert (tmp_path / "figures" / f"frontier-digits-mlp{figure}.png").exists()


def test_a_second_call_trains_nothing_and_says_the_same(train, tmp_path, capsys):
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    page, runs = (tmp_path / "frontier.html").read_bytes(), len(train.trained)
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    assert len(train.trained) == runs
    assert (tmp_path / "frontier.html").read_bytes() == page


def test_one_program_is_finished_before_the_next(train, tmp_path):
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    programs = [run.program for run in train.trained]
    changes = sum(a != b for a, b in itertools.pairwise(programs))
    assert changes == len(set(programs)) - 1


def test_ctrl_c_says_how_to_go_on_and_the_next_call_does(monkeypatch, train, tmp_path, capsys):
    def interrupted(run):
        if len(train.trained) == 4:
            raise KeyboardInterrupt

    train.before = interrupted
    command = [*SMALL, "--out", str(tmp_path)]
    assert STUDIES.main(command) == 130
    said = capsys.readouterr().err
    assert f"Go on with: python -m studies {' '.join(command)}" in said
    assert "Traceback" not in said
    train.before = lambda run: None
    assert STUDIES.main(command) == 0
    keys = [run.key for run in train.trained]
    assert len(keys) == len(set(keys))


def test_report_writes_the_page_again_from_the_storage_alone(train, tmp_path, capsys):
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    table = (tmp_path / "tables" / "frontier-digits-mlp.md").read_text()
    again = tmp_path / "again"
    storage = ["--storage", str(tmp_path / "trials.log")]
    assert STUDIES.main(["report", "--out", str(again), *storage]) == 0
    assert (again / "report.html").exists()
    assert (again / "tables" / "frontier-digits-mlp.md").read_text() == table


def test_a_study_that_was_stopped_is_reported_as_far_as_it_got(train, tmp_path):
    def interrupted(run):
        if len(train.trained) == 8:
            raise KeyboardInterrupt

    train.before = interrupted
    STUDIES.main([*SMALL, "--out", str(tmp_path)])
    assert STUDIES.main(["report", "--out", str(tmp_path)]) == 0
    assert "| none" in (tmp_path / "tables" / "frontier-digits-mlp.md").read_text()


def test_a_study_of_other_settings_is_refused_and_one_that_grows_is_not(train, tmp_path, capsys):
    command = [*SMALL, "--out", str(tmp_path)]
    assert STUDIES.main(command) == 0
    runs = len(train.trained)
    assert STUDIES.main([*command, "--batch", "32"]) == 2
    said = capsys.readouterr().err
    assert "error: batch=32 differs from batch=64, with which the study 'frontier-dig" in said
    assert len(train.trained) == runs
    assert STUDIES.main([*command, "--most", "7"]) == 0
    assert len(train.trained) == runs + 2


def test_every_run_is_a_trial(train, tmp_path):
    STUDIES.main([*SMALL, "--out", str(tmp_path), "--storage", f"sqlite:///{tmp_path}/t.db"])
    study = optuna.load_study(
        study_name="frontier-digits-mlp", storage=f"sqlite:///{tmp_path}/t.db"
    )
    assert len(study.trials) == len(train.trained)
    assert json.loads(json.dumps(study.user_attrs["settings"]))["steps"] == 20


def test_list_names_the_studies(capsys):
    assert STUDIES.main(["list"]) == 0
    assert capsys.readouterr().out.startswith("frontier ")


def test_help_has_examples(capsys):
    for command in (["--help"], ["run", "frontier", "--help"]):
        with pytest.raises(SystemExit) as end:
            STUDIES.main(command)
        assert end.value.code == 0
    assert "python -m studies run frontier" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--batch", "0"], "batch=0"),
        (["--batch", "-3"], "batch=-3"),
        (["--batch", "100000"], "batch=100000"),
        (["--steps", "0"], "steps=0"),
        (["--seeds", "0"], "seeds=0"),
        (["--low", "1", "--high", "0.1"], "low=1.0, high=0.1"),
        (["--most", "0"], "most=0"),
        (["--momentum", "1"], "momentum=1.0"),
        (["--applies-to", "head"], "applies_to='head'"),
        (["--applies-to", "body", "--rest-rate", "-1"], "rest_rate=-1.0"),
        (["--model", "transformer"], "transformer"),
        (["--normalizers", "bach"], "bach"),
        (["--normalizers", "group:groups=7"], "7"),
        (["--data", "no_such_set"], "no_such_set"),
        (["--data", "cifar10", "--data-dir", "/no/such/folder"], "/no/such/folder"),
        (["--storage", "nonsense://here"], "nonsense://here"),
        (["--storage", "/proc/none/trials.log"], "/proc/none/trials.log"),
    ],
)
def test_bad_input_is_one_line_and_code_2(options, named, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_NORMS_CACHE", str(tmp_path / "cache"))
    assert STUDIES.main([*SMALL, "--out", str(tmp_path), *options]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("error: ")
    assert named in said[-1]
    assert not any("Traceback" in line for line in said)


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "below", "/proc/results"):
        assert STUDIES.main([*SMALL, "--out", str(out)]) == 2
        assert f"error: out='{out}' cannot be written" in capsys.readouterr().err


def test_a_report_of_nothing(tmp_path, capsys):
    assert STUDIES.main(["report", "--out", str(tmp_path / "none")]) == 2
    assert "has no finished runs" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", [["run", "fronteir"], ["fly"], []])
def test_an_unknown_name_or_command(command, capsys):
    with pytest.raises(SystemExit) as end:
        STUDIES.main(command)
    assert end.value.code == 2
    assert "error:" in capsys.readouterr().err
