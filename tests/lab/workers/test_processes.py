"""Workers as processes of this machine, on a journal: `--workers N` from outside."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiments import carry_out
from keras_norms.lab.training import checkpoint
from keras_norms.lab.trials import open_study
from keras_norms.lab.workers import WorkersLost
from keras_norms.lab.workers.job import environment
from tests.lab.workers import sleeping
from tests.lab.workers.counting import BACKEND, busy, count, until, verify
from tests.lab.workers.sleeping import Settings

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """The backend, and that Ctrl-C is heard: what runs in the background of a shell ignores it."""
    monkeypatch.setenv("KERAS_BACKEND", BACKEND)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(settings: Settings, out: Path, workers: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.lab.workers.sleeping", "run", "sleep"]
    command += ["--log", settings.log, "--seconds", str(settings.seconds)]
    command += ["--programs", str(settings.programs), "--together", str(settings.together)]
    command += ["--out", str(out), "--workers", str(workers)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def alive(processes: list[int]) -> list[int]:
    return [
        process
        for process in processes
        if psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    ]


def test_two_launchers_at_once_share_a_study(tmp_path, capsys):
    log = tmp_path / "log"
    settings = Settings(log=str(log), seconds=0.05, together=2)
    launchers = [start(settings, tmp_path, 1) for _ in range(2)]
    for launcher in launchers:
        said, errors = launcher.communicate(timeout=400)
        assert launcher.returncode == 0, errors
        assert "Traceback" not in errors
        assert f"{len(settings.runs())} runs" in said
    with capsys.disabled():
        verify(settings, str(tmp_path / "trials.log"), lost=0)


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(blow, tmp_path, capsys):
    """Ctrl-C, and a kill that leaves it no time: the study is there to go on with."""
    log = tmp_path / "log"
    settings = Settings(log=str(log), programs=2, seconds=600.0, together=2)
    launcher = start(settings, tmp_path, 2)
    until(lambda: len(busy(log)) == 2 or launcher.poll() is not None)
    workers = busy(log)
    assert len(alive(workers)) == 2
    launcher.send_signal(blow)
    _, errors = launcher.communicate(timeout=300)
    until(lambda: not alive(workers))
    if blow == signal.SIGINT:
        assert launcher.returncode == 130
        assert "Go on with: python -m tests.lab.workers.sleeping run sleep" in errors
        assert "Traceback" not in errors
    settings = Settings(log=str(log), programs=2, seconds=0.0)
    carry_out([(sleeping, settings)], tmp_path)
    with capsys.disabled():
        verify(settings, str(tmp_path / "trials.log"), lost=2)
    assert count(log) == len(settings.runs())


def test_what_no_worker_can_do_is_told_once(tmp_path):
    settings = Settings(log=str(tmp_path / "log"), refuse=True)
    with pytest.raises(BadInput, match=r"^nothing=here can be trained$"):
        carry_out([(sleeping, settings)], tmp_path, workers=1)


def test_workers_that_all_crash_are_told_with_their_last_words(tmp_path, recwarn):
    settings = Settings(log=str(tmp_path / "log"), crash=True)
    with pytest.raises(WorkersLost, match="all 2 workers were lost") as error:
        carry_out([(sleeping, settings)], tmp_path, workers=2)
    assert "ZeroDivisionError: a bug" in str(error.value)
    assert "worker 1 was lost: it crashed; others go on" in {str(w.message) for w in recwarn}
    assert not busy(tmp_path / "log") or not alive(busy(tmp_path / "log"))


@pytest.mark.parametrize("workers", [0, -2])
def test_no_workers(workers, tmp_path):
    with pytest.raises(BadInput, match=f"workers={workers} "):
        carry_out([(sleeping, Settings(log="log"))], tmp_path, workers=workers)
    assert not any(tmp_path.iterdir())


def test_what_must_be_alone_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sleeping, "ALONE", True, raising=False)
    with pytest.raises(BadInput, match=r"workers=2: .* measures time"):
        carry_out([(sleeping, Settings(log="log"))], tmp_path, workers=2)


def test_memory_cannot_be_shared(tmp_path):
    with pytest.raises(BadInput, match="in memory"):
        carry_out([(sleeping, Settings(log="log"))], tmp_path, "sqlite://", workers=2)


def test_threads_are_divided_and_what_the_user_set_is_kept(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.delenv("PJRT_NPROC", raising=False)
    assert environment(4, 16)["TF_NUM_INTRAOP_THREADS"] == "4"
    assert environment(4, 2)["PJRT_NPROC"] == "1"
    assert environment(4, 16)["OMP_NUM_THREADS"] == "3"


def test_a_study_of_something_else_is_refused(tmp_path, monkeypatch):
    settings = Settings(log=str(tmp_path / "log"), programs=1, seeds=1, seconds=0.0)
    carry_out([(sleeping, settings)], tmp_path)
    monkeypatch.setattr(sleeping, "__name__", "another.experiment")
    with pytest.raises(BadInput, match=r"study='sleeping' .* belongs to tests.lab.workers.sleep"):
        carry_out([(sleeping, settings)], tmp_path)


def test_a_study_that_nobody_signed_is_refused(tmp_path):
    study = open_study("sleeping", tmp_path / "trials.log")
    study.tell(study.ask(), 0.5)
    with pytest.raises(BadInput, match=r"study='sleeping' .* belongs to something that has not"):
        carry_out([(sleeping, Settings(log="log"))], tmp_path)


def test_checkpoints_are_kept_beside_the_results_while_it_works(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(sleeping, "run", lambda *_, **__: kept.append(checkpoint._place.get()))
    carry_out([(sleeping, Settings(log="log"))], tmp_path, f"sqlite:///{tmp_path}/elsewhere.db")
    assert kept == [(tmp_path / "checkpoints", checkpoint.EVERY)]
    assert checkpoint._place.get() is None
