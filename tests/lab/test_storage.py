from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import optuna
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.storage import absolute, hide_password, open_storage
from keras_norms.lab.trials import finished, open_study, run_trials
from tests.lab.pretending import Pretended, run

pytestmark = pytest.mark.once


@pytest.fixture
def journal(tmp_path) -> Path:
    """A journal with three finished runs."""
    path = tmp_path / "trials.log"
    run_trials(open_study("a", path), [run(r) for r in (0.1, 0.2, 0.3)], train=Pretended())
    return path


def test_a_line_cut_short_is_dropped_and_every_whole_one_kept(journal):
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    # The last line tells the third run's value; half of it is left.
    journal.write_bytes(whole[: -(len(lines[-1]) // 2)])
    with pytest.warns(UserWarning, match=rf"line {len(lines)} was cut short .* whole lines"):
        study = open_study("a", journal)
    assert journal.read_bytes() == b"".join(lines[:-1])
    assert len(finished(study)) == 2
    # What is written next is read again: nothing was glued to the half line.
    train = Pretended()
    run_trials(study, [run(r) for r in (0.1, 0.2, 0.3)], train=train)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(finished(open_study("a", journal))) == 3


@pytest.mark.parametrize("cut", [1, 5, 30, 200])
def test_wherever_the_cut_falls_the_rest_is_kept(journal, cut):
    journal.write_bytes(journal.read_bytes()[:-cut])
    with pytest.warns(UserWarning, match="cut short"):
        assert len(finished(open_study("a", journal))) == 2


def test_zeros_that_a_crash_of_the_machine_left_are_dropped(journal):
    with journal.open("ab") as file:
        file.write(b"\0" * 512)
    with pytest.warns(UserWarning, match="cut short"):
        assert len(finished(open_study("a", journal))) == 3


def test_a_file_that_is_no_journal_is_refused_and_untouched(tmp_path):
    path = tmp_path / "notes.txt"
    for text in ("buy milk", "buy milk\nand bread\n", '{"a": 1}\n'):
        path.write_text(text)
        with pytest.raises(
            BadInput, match=r"notes.txt' is not a journal of trials from its line 1"
        ):
            open_storage(path)
        assert path.read_text() == text


def test_damage_before_the_last_line_is_refused_and_named(journal):
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:20] + b"\n"
    journal.write_bytes(b"".join(lines))
    with pytest.raises(BadInput, match="from its line 3 on"):
        open_storage(journal)
    assert journal.read_bytes() == b"".join(lines)


HOLD_THE_LOCK = """
import sys, time
from keras_norms.lab.journal import KernelLock
KernelLock(sys.argv[1]).acquire()
print("locked", flush=True)
time.sleep(60)
"""


def test_a_lock_dies_with_its_process(journal):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_LOCK, str(journal)], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"locked\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    started = time.monotonic()
    assert len(finished(open_study("a", journal))) == 3
    assert time.monotonic() - started < 15  # Optuna's own lock waits for 30 s here


@pytest.mark.parametrize("form", ["{}", "journal://{}", "sqlite:///{}"])
def test_every_form_of_file_keeps_trials(tmp_path, form):
    url = form.format(tmp_path / "kept")
    run_trials(open_study("a", url), [run()], train=Pretended())
    train = Pretended()
    run_trials(open_study("a", url), [run()], train=train)
    assert not train.trained


def test_folders_of_a_journal_are_created(tmp_path):
    open_study("a", tmp_path / "new" / "folder" / "trials.log")
    entry = json.loads((tmp_path / "new" / "folder" / "trials.log").read_text())
    assert entry["study_name"] == "a"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense://somewhere",
        "redis://localhost",
        "sqlite:////missing/folder/trials.db",
        "postgresql://user:secret@127.0.0.1:1/trials",
        "/proc/none/trials.log",
    ],
)
def test_a_storage_that_cannot_be_opened_is_named_without_its_password(url):
    with pytest.raises(BadInput, match="cannot be opened") as error:
        open_storage(url)
    assert hide_password(url) in str(error.value)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://user:secret@host/name", "postgresql://host/name?user=a&password=secret&x=1"],
)
def test_a_password_is_hidden_wherever_it_stands(url):
    hidden = hide_password(f"python -m studies --storage '{url}' --workers 2")
    assert "secret" not in hidden
    assert "***" in hidden
    assert hidden.endswith("' --workers 2")


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("trials.log", "{}/trials.log"),
        ("journal://trials.log", "{}/trials.log"),
        ("sqlite:///trials.db", "sqlite:///{}/trials.db"),
        ("sqlite:////data/trials.db", "sqlite:////data/trials.db"),
        ("postgresql://user:secret@host/name", "postgresql://user:secret@host/name"),
    ],
)
def test_a_storage_is_the_same_from_every_folder(url, same):
    assert absolute(url) == same.format(Path.cwd())


def test_a_study_that_seeks_something_else_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/trials.db"
    optuna.create_study(study_name="a", storage=url, direction="minimize")
    with pytest.raises(BadInput, match=r"a study 'a' that is of something else"):
        open_study("a", url)


def test_a_locked_file_is_waited_for(tmp_path):
    """SQLite lets one process write; the others' patience is longer than its own."""
    url = f"sqlite:///{tmp_path}/trials.db?timeout=0.05"
    other = sqlite3.connect(tmp_path / "trials.db", check_same_thread=False)

    def lock(_) -> None:
        other.execute("begin immediate")
        threading.Timer(1.0, other.rollback).start()

    study = open_study("a", url)
    with pytest.warns(UserWarning, match="does not answer .*database is locked"):
        run_trials(study, [run()], train=Pretended(before=lock))
    assert len(finished(study)) == 1


def test_a_journal_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be opened"):
        open_storage(tmp_path / "file" / "trials.log")


def test_optuna_is_quiet(tmp_path, capfd):
    open_study("a", f"sqlite:///{tmp_path / 'kept'}")
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
