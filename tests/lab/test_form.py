"""One new file is an experiment; what is wrong with one is said before anything is done."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.lab.toys import EXPERIMENT, ROOT, Toys

pytestmark = pytest.mark.once


@pytest.fixture
def toys(tmp_path) -> Toys:
    return Toys(tmp_path)


def test_one_new_file_is_listed_run_killed_resumed_and_reported(toys):
    assert len(EXPERIMENT.strip().splitlines()) <= 45
    code, listed, _ = toys.run("list")
    assert (code, listed.split()[0]) == (0, "gap")
    slow = ["run", "gap", "--seconds", "0.15", "--log", str(toys.log), "--out", str(toys.out)]
    process = toys.start(*slow)
    end = time.monotonic() + 60
    while sum(toys.counted("ended").values()) < 4:
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    time.sleep(0.5)  # its workers end when their standard input does
    finished = {path.stem for path in (toys.out / "records").glob("*.json")}
    code, out, err = toys.run(*slow)
    assert code == 0, err
    assert "b is larger. Reproduced" in out
    assert finished <= {path.stem for path in (toys.out / "records").glob("*.json")}
    twice = sum(count - 1 for count in toys.counted("ended").values())
    assert twice <= 2, "at most what was under way in two workers"
    again = toys.out.with_name("again")
    code, _, err = toys.run(
        "report", "--storage", str(toys.out / "records.jsonl.gz"), "--out", str(again)
    )
    assert code == 0, err
    assert (again / "report.md").read_text() == (toys.out / "gap.md").read_text()
    assert (again / "claims.csv").read_text() == (toys.out / "claims.csv").read_text()
    (row,) = csv.DictReader((again / "claims.csv").open())
    assert (row["target"], row["verdict"], row["seeds"]) == ("toy-1", "reproduced", "9")


@pytest.mark.parametrize(("name", "text", "said"), [
    ("figure2_none", '"""No experiment."""\n', "figure2_none.py is called like a place"),
    ("figure9_gap", EXPERIMENT, "both called 'gap'"),
    ("figure3_broken", EXPERIMENT.replace("import Claim", "import Clam"), "cannot be imported"),
    ("figure4_none", EXPERIMENT.replace('"""Toy', 'x = """Toy'), "has no card"),
])  # fmt: skip
def test_a_file_that_is_no_experiment_is_named(toys, name, text, said):
    toys.write(name, text)
    code, _, err = toys.inside("list")
    assert code == 2
    assert said in err
    assert name in err
    assert len(err.strip().splitlines()) == 1


PLANS = {
    "return; yield": "plans nothing",
    "yield {}": "yields {}: write a dictionary",
    'yield {"a": []}': "group 'a' is empty",
    'yield {"a": [1]}': "holds 1, which is no job",
    'yield {"a": [self.job(0.0), Same(self.job(0.0))]}': "differ",
}
SAME = '''
class Same:
    """Another content under a key that is taken."""

    def __init__(self, job):
        self._job = job

    def __getattr__(self, name):
        return getattr(self._job, name)

    def as_dict(self):
        return {"other": 1}


@dataclass'''


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_that_cannot_be_is_named(toys, plan):
    start, end = EXPERIMENT.index("        found = yield"), EXPERIMENT.index("    def claims")
    text = EXPERIMENT[:start] + f"        {plan}\n\n" + EXPERIMENT[end:]
    toys.write("figure1_gap", text.replace("\n@dataclass", SAME, 1))
    code, _, err = toys.inside("run", "gap", "--out", str(toys.out))
    assert code == 2
    assert PLANS[plan] in err
    assert "figure1_gap" in err
    assert not toys.log.exists()


@pytest.mark.parametrize(("option", "said"), [
    (["--gap", "9"], "--gap: 9: write -5 or more and at most 5"),
    (["--gap", "inf"], "--gap: 'inf' is no finite number"),
    (["--gap", "1e400"], "--gap"),
    (["--seeds", "0"], "--seeds: 0: write 1 or more"),
    (["--seeds", "9" * 30], "whole number of at most 18 digits"),
    (["--seeds", "٣"], "whole number"),
    (["--log", "x" * 5000], "at most 200 characters"),
    (["--workers", "0"], "write a number from 1"),
    (["--scale", "moon"], "moon"),
    (["--no-such"], "--no-such"),
])  # fmt: skip
def test_a_wrong_option_is_named_as_it_was_written(toys, option, said):
    code, _, err = toys.inside("run", "gap", *option, "--out", str(toys.out))
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) <= 3
    assert not toys.out.exists()


def test_listing_and_help_and_reading_import_no_framework(toys):
    assert toys.run("run", "gap", "--workers", "1", "--out", str(toys.out))[0] == 0
    code = (
        "import sys; from keras_norms.lab.command import Program; "
        "Program('toys', '', '').main(sys.argv[1:]); "
        "print({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules))"
    )
    paths = os.pathsep.join([str(toys.folder), str(ROOT)])
    for arguments in (["list"], ["report", "--out", str(toys.out)]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip().endswith("set()"), done.stdout + done.stderr


@pytest.mark.parametrize(("number", "status"), [(2, 130), (15, 143), (1, 129)])
def test_a_signal_ends_it_in_one_line(toys, number, status):
    slow = ["run", "gap", "--seconds", "0.3", "--log", str(toys.log), "--out", str(toys.out)]
    process = toys.start(*slow)
    end = time.monotonic() + 60
    while not toys.counted("began"):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert "interrupted; finished runs are saved. Resume with: python -m toys run gap" in err
    assert "Traceback" not in err
    assert not list((toys.out / "leases").iterdir()), "leases are released"


def test_a_dry_run_writes_nothing(toys):
    code, out, _ = toys.inside("run", "gap", "--dry-run", "--out", str(toys.out))
    assert code == 0
    assert "gap: 18 jobs, 0 done" in out
    assert not toys.out.exists()


def test_presets_change_defaults(toys):
    assert "(default: 2)" in toys.inside("run", "gap", "--scale", "gpu", "--help")[1]
    assert "(default: 0.5)" in toys.inside("run", "gap", "--help")[1]


def test_a_group_of_options_names_what_differs(toys):
    code, _, err = toys.inside("run", "nothing", "--out", str(toys.out))
    assert code == 2
    assert "nothing" in err
