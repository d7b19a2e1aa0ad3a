"""Kills, full disks, damaged files and servers that go away: nothing finished is lost or wrong."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import threading
import time
import warnings
from pathlib import Path

import pytest

from benchmarks.ledger.postgres import binaries, running
from keras_norms.lab import journal
from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.trials import mirror, open_study
from tests.lab.ledger.faults import Jobs, crew
from tests.lab.pretending import outcome, run

pytestmark = [pytest.mark.once, pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")]


@pytest.mark.parametrize("kind", ["folder", "sqlite"])
@pytest.mark.parametrize("kills", [15, pytest.param(100, marks=pytest.mark.full)])
def test_killed_workers_lose_nothing(tmp_path, kind, kills, capsys):
    storage = str(tmp_path / "r") if kind == "folder" else f"sqlite:///{tmp_path}/r.db"
    Ledger.open(storage)
    rng = random.Random(kills)
    jobs = Jobs(storage, tmp_path / "log", count=20 + 3 * kills, seconds=0.05)
    with crew(jobs, 4):
        killed = 0
        while killed < kills:
            time.sleep(rng.uniform(0, 0.05))
            if not jobs.kill(rng):
                break  # everything was done before
            killed += 1
            jobs.start()
        jobs.wait()
    assert killed >= kills // 2
    again = jobs.counted("began")
    assert sum(again.values()) - len(again) <= 2 * killed, "what was under way, and little more"
    with capsys.disabled():
        jobs.report(f"kill -9, {kind}", killed)


@pytest.fixture
def small_disk():
    """A limit on the size of a file stands for a full disk: no test may mount one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("kind", ["folder", "sqlite"])
def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path, kind, small_disk):
    storage = str(tmp_path / "r") if kind == "folder" else f"sqlite:///{tmp_path}/r.db"
    ledger = Ledger.open(storage)
    for n in range(10):
        ledger.put(Record(f"k{n}", {}, {"value": n}))
        small_disk(100 if kind == "folder" else 4096)
        with pytest.raises(BadInput) as error:
            ledger.put(Record("big", {}, {"text": "y" * 60_000}))
        assert "\n" not in str(error.value)
        small_disk(resource.RLIM_INFINITY)
        assert [Ledger.open(storage).get(f"k{m}").outcome["value"] for m in range(n + 1)] == [
            *range(n + 1)
        ]
        assert Ledger.open(storage).get("big") is None
    if kind == "folder":
        assert not list((tmp_path / "r" / "records").glob(".*")), "nothing half is left behind"


@pytest.mark.parametrize("files", [10, pytest.param(80, marks=pytest.mark.full)])
def test_damaged_sqlite_files_are_told_from_servers_that_are_away(tmp_path, files, capsys):
    rng, refused, read, wrong = random.Random(files), 0, 0, 0
    began = time.monotonic()
    for trial in range(files):
        path = tmp_path / f"{trial}.db"
        ledger = Ledger.open(f"sqlite:///{path}")
        for n in range(20):
            ledger.put(Record(f"k{n}", {"n": n}, {"value": n / 7}))
        content = bytearray(path.read_bytes())
        for _ in range(rng.choice((1, 8, 200))):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                damaged = Ledger.open(f"sqlite:///{path}")
                for key in damaged.keys():  # noqa: SIM118
                    found = damaged.get(key)
                    wrong += found is not None and found.outcome["value"] != int(key[1:]) / 7
            read += 1
        except BadInput as error:
            refused += "\n" not in str(error)
        except (ValueError, sqlite3.Error) as error:
            raise AssertionError(f"not a sentence: {error!r}") from error
    with capsys.disabled():
        print(f"\ndamaged SQLite: tried {files}, read {read}, refused {refused}, wrong {wrong}")
    assert wrong == 0
    assert read + refused == files, "each is read or refused in a sentence"
    assert time.monotonic() - began < 10 * files, "nothing waits for a server"


@pytest.mark.parametrize("files", [12, pytest.param(120, marks=pytest.mark.full)])
def test_damaged_journals_of_searches_open_again(tmp_path, files, capsys):
    import optuna

    rng, opened, refused = random.Random(files), 0, 0
    whole = tmp_path / "whole.log"
    study = open_study("s", whole)
    for n in range(20):
        trial = optuna.trial.create_trial(value=n / 7, user_attrs={"key": f"k{n}"})
        study.add_trial(trial)
    lines = whole.read_bytes().splitlines(keepends=True)
    for trial in range(files):
        path = tmp_path / f"{trial}.log"
        kind = trial % 4
        damaged = list(lines)
        place = rng.randrange(2, len(lines))
        if kind == 0:  # cut short
            damaged = damaged[: place + 1]
            damaged[-1] = damaged[-1][: rng.randrange(1, len(damaged[-1]) - 1)]
        elif kind == 1:  # a byte of a line
            line = bytearray(damaged[place])
            line[rng.randrange(len(line) - 1)] = 0
            damaged[place] = bytes(line)
        elif kind == 2:  # half a line, glued to the next
            damaged[place] = damaged[place][: len(damaged[place]) // 2]
        else:  # zeros, as a crash of the machine leaves them
            damaged[-1] = b"\0" * len(damaged[-1])
        path.write_bytes(b"".join(damaged))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = open_study("s", path)
            again.add_trial(optuna.trial.create_trial(value=1.0, user_attrs={"key": "new"}))
            kept = {t.user_attrs["key"]: t.value for t in open_study("s", path).trials
                    if t.user_attrs}  # fmt: skip
        assert kept.pop("new") == 1.0
        assert all(found == int(key[1:]) / 7 for key, found in kept.items())
        assert (tmp_path / f"{trial}.log.damaged").exists()
        opened += 1
    with capsys.disabled():
        print(f"\ndamaged journal: tried {files}, opened {opened}, refused {refused}, wrong 0")


def test_an_append_begins_on_a_fresh_line_whatever_stood_before_it(tmp_path, small_disk):
    path = tmp_path / "searches.log"
    first, second = open_study("s", path), open_study("s", path)
    first.set_user_attr("finished", 1)
    small_disk(path.stat().st_size + 4096)
    with pytest.raises(OSError, match="large"):
        first.set_user_attr("big", "y" * 60_000)
    small_disk(resource.RLIM_INFINITY)
    with open(path, "ab") as file:  # a process that was killed in the middle of a write
        file.write(b'{"op_code":2,"worker')
    second.set_user_attr("later", 2)
    assert open_study("s", path).user_attrs == {"finished": 1, "later": 2}


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_a_full_disk_under_the_searches_is_a_warning(tmp_path, kind, small_disk):
    """The records have everything; a study that is cut short is written again."""
    path = tmp_path / ("searches.log" if kind == "journal" else "s.db")
    storage = path if kind == "journal" else f"sqlite:///{path}"
    open_study("before", storage)
    done = [(run(0.1, seed), outcome(run(0.1, seed))) for seed in range(40)]
    small_disk(path.stat().st_size + 4096)
    with pytest.warns(UserWarning, match="the records have them") as said:
        mirror({"search": done}, storage)
    assert len(said) == 1
    assert "\n" not in str(said[0].message)
    small_disk(resource.RLIM_INFINITY)
    mirror({"search": done}, storage)
    assert len(open_study("search", storage).trials) >= len(done)


def test_a_foreign_journal_is_refused_and_untouched(tmp_path):
    path = tmp_path / "foreign.log"
    path.write_bytes(b"\0" * 512)
    with pytest.raises(BadInput, match="no journal"):
        journal.open_journal(path)
    assert path.read_bytes() == b"\0" * 512


@pytest.mark.full
@pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed: initdb is not found")
def test_outages_of_postgresql_are_waited_for(tmp_path, capsys):
    pytest.importorskip("psycopg")
    with running(binaries()) as server, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Ledger.open(server.url())
        jobs = Jobs(server.url(), tmp_path / "log", count=150, seconds=0.15)
        outages = 10

        def trouble() -> None:
            for _ in range(outages):
                time.sleep(0.4)
                server.restart()

        thread = threading.Thread(target=trouble)
        with crew(jobs, 3):
            thread.start()
            time.sleep(0.2)
            jobs.start()  # one that is started during an outage waits as well
            thread.join()
            jobs.wait()
        with capsys.disabled():
            jobs.report("PostgreSQL, immediate stop", outages)


@pytest.mark.parametrize(("url", "hidden"), [
    ("postgresql://user:secret@host/name", "secret"),
    ("postgresql://user:a@secret@host/name", "secret"),
    ("postgresql://user:se cret@host/name", "cret"),
    ("postgresql://host/name?user=u&passwd=secret", "secret"),
    ("postgresql://host/name?password=secret", "secret"),
    ("nonsense://user:secret@:x", "secret"),
])  # fmt: skip
def test_passwords_are_never_printed(url, hidden):
    from keras_norms.lab.ledger.passwords import hidden as shown
    from keras_norms.lab.ledger.passwords import hidden_url

    assert hidden not in hidden_url(url)
    assert hidden not in shown(f"--storage {url} is wrong")


def test_pages_are_whole_or_absent(tmp_path, monkeypatch):
    from keras_norms.lab.report.whole_files import write_text

    path = tmp_path / "page.md"
    write_text(path, "before")

    def full(*_, **__):
        raise OSError(28, "full")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="full"):
        write_text(path, "after")
    monkeypatch.undo()
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["page.md"]
