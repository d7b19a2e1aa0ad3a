"""Every study, its plan walked with made-up outcomes, its page written and read back."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys

import numpy as np
import optuna
import pytest

from keras_norms.lab.carrying_out import experiment_of, report
from keras_norms.lab.discovery import discover
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadOption
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.trials import mirror, open_storage
from keras_norms.lab.walk import Walk
from tests.lab.pretending import by_rate, complete, outcome, unrendered

pytestmark = pytest.mark.once

STUDIES = discover("studies")
SMALL = {
    "frontier": {"depths": (4, 8), "normalizers": ("none", "layer"), "seeds": 2, "most": 8},
    "batch_size": {"batches": (8, 32), "normalizers": ("none", "layer"), "seeds": 2, "most": 6},
    "group_size": {"groups": (1, -1), "seeds": 2, "most": 6},
    "theory": {"depths": (4, 8), "normalizers": ("none", "layer"), "seeds": 2, "most": 8},
    "tune": {"trials": 16, "normalizers": ("none", "layer")},
    "cost": {},
    "map": {
        "families": ("mlp-momentum", "transformer-scaled"),
        "seeds": 2,
        "most": 4,
        "hours": 0.1,
    },
}
ANSWERS = {
    "inputs_of": {"size": 64, "classes": 10, "q": 0.3, "q_xy": 0.2},
    "here": {"seconds": 10.0, "runs": 48},
    "by_tpe": {"seconds": 2.0},
    "measures": {"two_over_lambda": 0.1, "mean_field": "nan", "growth": 2.0, "ratio": "inf"},
}


def rule(run):
    """Made-up curvature for the probes, and the edges of `by_rate`."""
    found = by_rate(run)
    (probe,) = run.probes or (None,)
    if probe is None:
        return found
    at = run.steps if found.verdict.trained else 0
    rows = [
        {"step": step, "lambda_max": 4.0 + step, "iterations": 9, "residual": 1e-4, "loss": 2.3}
        for step in (0, 10, at)[: 3 if at > 10 else 1]
    ]
    return dataclasses.replace(found, probed={probe: rows})


@pytest.mark.every
@pytest.mark.parametrize("name", SMALL)
def test_a_study_is_planned_published_and_redrawn(name, tmp_path, capsys):
    experiment = STUDIES[name].at("cpu", SMALL[name])
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(experiment, ledger)
    publish([Part(walk)], ledger, tmp_path / "begun", "page")  # of nothing: it says so
    assert "jobs are done" in capsys.readouterr().out
    jobs = complete(walk, ledger, rule, ANSWERS)
    assert len({job.key for job in jobs}) == len(jobs)
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    page = (tmp_path / "page" / "page.md").read_text()
    assert experiment.title() in page
    assert list((tmp_path / "page" / "tables").glob("*.csv"))
    archive = Ledger.open(tmp_path / "page" / "records.jsonl.gz")
    again = Walk(experiment, archive)
    assert again.missing() == []
    with unrendered():
        publish([Part(again)], archive, tmp_path / "again", "page")
    assert (tmp_path / "again" / "page.md").read_text() == page


def test_searches_are_optuna_studies_that_name_their_runs(tmp_path):
    ledger = Ledger.open(tmp_path)
    walk = Walk(STUDIES["tune"].at("cpu", SMALL["tune"]), ledger)
    jobs = complete(walk, ledger, rule, ANSWERS)
    for _ in range(2):  # what is there already stays
        mirror({"tune": walk.searched()["trials"]}, tmp_path)
    study = optuna.load_study(study_name="tune", storage=open_storage(tmp_path))
    assert sorted(t.user_attrs["key"] for t in study.trials) == sorted(job.key for job in jobs)
    (tmp_path / "searches.log").write_bytes(b"\0" * 64)
    with pytest.warns(UserWarning, match="the records have them"):
        mirror({"tune": walk.searched()["trials"]}, tmp_path)


def test_tuning_keeps_the_better_half_and_reads_no_test_set(tmp_path):
    ledger = Ledger.open(tmp_path)
    walk = Walk(STUDIES["tune"].at("cpu", SMALL["tune"]), ledger)
    jobs = complete(walk, ledger, rule, ANSWERS)
    assert {job.of("data").arguments["evaluate_on"] for job in jobs} == {"validation"}
    study = walk.found["trials"]
    states = [trial.state.name for trial in study.trials]
    assert (states.count("COMPLETE"), states.count("PRUNED")) == (8, 8)
    assert sorted({job.steps for job in jobs}) == [60, 300]


def test_where_no_rate_trains_no_rate_is_printed(tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(STUDIES["frontier"].at("cpu", SMALL["frontier"]), ledger)

    def dead(run):
        verdict = Verdict.BLEW_UP if run.learning_rate > 1 else Verdict.UNTRAINED
        return outcome(run, verdict, (0.1, 0.1))

    complete(walk, ledger, dead)
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    rows = list(csv.DictReader((tmp_path / "page/tables/frontier.csv").open()))
    assert all(float(row["trains_median_log10"]) == -np.inf for row in rows)
    assert "rates trained" in (tmp_path / "page/page.md").read_text()


@pytest.mark.parametrize(("options", "name"), [
    ({"low": 1e-300}, "low"), ({"high": 1e15}, "high"), ({"low": 1e-5, "high": 1.0001e-5}, "low"),
    ({"depths": (10**6 + 1,)}, "depths"), ({"depths": ()}, "depths"), ({"seeds": 0}, "seeds"),
    ({"steps": 0}, "steps"), ({"data": "x" * 5000}, "data"), ({"momentum": 1.0}, "momentum"),
    ({"applies_to": "head"}, "applies_to"),
])  # fmt: skip
def test_an_option_that_cannot_be_is_named(options, name):
    with pytest.raises(BadOption) as error:
        STUDIES["frontier"].at("cpu", options)
    assert error.value.name == name
    assert error.value.on_command_line().startswith(f"--{name.replace('_', '-')} ")


def test_the_report_finds_what_was_run(tmp_path):
    from keras_norms.lab.carrying_out import _entry

    ledger = Ledger.open(tmp_path)
    experiment = STUDIES["frontier"].at("cpu", SMALL["frontier"])
    ledger.put(_entry(experiment, "cpu", "python -m studies run frontier"))
    complete(Walk(experiment, ledger), ledger, rule)
    assert report(STUDIES.values(), tmp_path / "page", str(tmp_path)).exists()
    (key,) = [key for key in ledger.keys() if key.startswith("experiment-")]  # noqa: SIM118
    assert experiment_of(ledger.get(key)) == experiment


def test_studies_are_listed_without_a_framework():
    code = (
        "import sys; from keras_norms.lab.discovery import discover; discover('studies'); "
        "sys.exit(bool({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
