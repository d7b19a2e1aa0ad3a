"""A real PostgreSQL server: workers that are killed, a server that is restarted."""

from __future__ import annotations

import os
import signal
import threading
import warnings

import pytest
import sqlalchemy

from keras_norms.lab import patience
from keras_norms.lab.errors import BadInput
from keras_norms.lab.progress import Progress
from keras_norms.lab.storage import open_storage
from keras_norms.lab.training import Run
from keras_norms.lab.trials import finished, open_study, run_trials
from keras_norms.lab.workers import Job, share
from tests.lab.postgres import PASSWORD, binaries, running
from tests.lab.pretending import Pretended, run
from tests.lab.workers.counting import BACKEND, busy, count, until, verify
from tests.lab.workers.sleeping import Settings

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(binaries() is None, reason="no PostgreSQL server: initdb is not found"),
]
pytest.importorskip("psycopg", reason="no driver of PostgreSQL: psycopg is not installed")


@pytest.fixture(scope="module")
def server():
    with running(binaries()) as server:
        yield server


@pytest.fixture
def url(server, request) -> str:
    """A database of the test's own."""
    name = request.node.name.split("[")[0][:60]
    engine = sqlalchemy.create_engine(server.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"create database {name}"))
    engine.dispose()
    return server.url(name)


def test_four_workers_a_kill_and_a_restart(server, url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", BACKEND)
    log = tmp_path / "log"
    settings = Settings(log=str(log), programs=5, seeds=8, seconds=0.2, together=4)
    job = Job((("tests.lab.workers.sleeping", settings),), url)

    def trouble() -> None:
        until(lambda: count(log) >= 4 and busy(log))
        os.kill(busy(log)[0], signal.SIGKILL)
        done = count(log)
        until(lambda: count(log) >= done + 4)
        server.restart()

    troubling = threading.Thread(target=trouble)
    troubling.start()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        share(job, 4, "local", Progress.silent())
    troubling.join()
    with capsys.disabled():
        verify(settings, url, lost=1)
    said = [str(warning.message) for warning in said]
    assert any("was lost: killed by SIGKILL; others go on" in text for text in said)
    assert any("does not answer" in text for text in said)
    assert not any(PASSWORD in text or "%20sesame" in text for text in said)


def test_a_connection_that_was_lost_while_training(server, url):
    starting = threading.Timer(0.5, server.start)

    def restart(run: Run) -> None:
        if run.learning_rate == 0.1:
            server.stop()
            starting.start()

    study = open_study("a", url)
    with pytest.warns(UserWarning, match=r"postgresql://keras:\*\*\*@.* does not answer") as said:
        run_trials(study, [run(0.1), run(0.2)], train=Pretended(before=restart))
    starting.join()
    assert any("answers again after" in str(warning.message) for warning in said)
    assert len(finished(open_study("a", url))) == 2


def test_a_server_that_stays_away_is_an_error_in_the_end(server, url, monkeypatch):
    study = open_study("a", url)
    monkeypatch.setattr(patience, "PATIENCE", 0.5)
    server.stop()
    try:
        with (
            pytest.warns(UserWarning, match="does not answer"),
            pytest.raises(BadInput, match="has not answered") as error,
        ):
            run_trials(study, [run()], train=Pretended())
    finally:
        server.start()
    assert "finished runs are kept" in str(error.value)
    assert "sesame" not in str(error.value)


def test_a_wrong_password_is_refused_and_not_shown(server):
    url = server.url().replace("sesame", "sesam")
    with pytest.raises(BadInput, match="cannot be opened") as error:
        open_storage(url)
    assert "sesam" not in str(error.value)


def test_tables_of_another_version(url):
    open_study("a", url)
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("update alembic_version set version_num = 'v9.0.0'"))
    with pytest.raises(BadInput, match="no longer compatible with the table schema"):
        open_storage(url)
    engine.dispose()


def test_tables_of_something_else(url):
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create table studies (university text)"))
    with pytest.raises(BadInput, match="cannot be opened") as error:
        open_study("a", url)
    assert "\n" not in str(error.value)
    engine.dispose()
