"""Workers on a Ray cluster: three nodes on this machine, of which one is killed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable

import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.progress import Progress
from keras_norms.lab.workers import Job, share
from tests.lab.postgres import binaries, running
from tests.lab.workers.counting import BACKEND, busy, count, until, verify
from tests.lab.workers.sleeping import Settings, lines

pytestmark = pytest.mark.once

SILENT = Progress.silent()


def test_ray_is_imported_only_where_it_is_asked_for():
    script = "import sys, keras_norms.lab.command as _; sys.exit('ray' in sys.modules)"
    environment = {**os.environ, "KERAS_BACKEND": BACKEND}
    assert subprocess.run([sys.executable, "-c", script], env=environment).returncode == 0


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "keras_norms.lab.workers.cluster", raising=False)
    job = Job((("tests.lab.workers.sleeping", Settings(log="log")),), str(tmp_path / "t.log"))
    with pytest.raises(BadInput, match=r"launcher='ray' needs ray; .*keras-norms\[distributed\]"):
        share(job, 2, "ray", SILENT)


@pytest.fixture(scope="module")
def cluster():
    if not importlib.util.find_spec("ray"):
        pytest.skip("Ray is not installed")
    import ray
    from ray.cluster_utils import Cluster

    patch = pytest.MonkeyPatch()
    patch.setenv("KERAS_BACKEND", BACKEND)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(2):
        cluster.add_node(num_cpus=2)
    patch.setenv("RAY_ADDRESS", cluster.address)
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    patch.undo()


def test_a_file_is_refused_where_there_are_other_machines(cluster, tmp_path, monkeypatch):
    from keras_norms.lab.workers import cluster as module

    job = Job((), str(tmp_path / "trials.log"))
    monkeypatch.setattr(module.socket, "gethostname", lambda: "elsewhere")
    with pytest.raises(BadInput, match=r"trials.log' is a file on this machine"):
        module.launch(job, 4)


def test_more_workers_than_cores_are_refused(cluster, tmp_path):
    from keras_norms.lab.workers import cluster as module

    with pytest.raises(BadInput, match="workers=9 are more than the 5 cores"):
        module.launch(Job((), str(tmp_path / "trials.log")), 9)


def test_four_workers_a_node_that_is_killed_and_a_restart(cluster, tmp_path, capsys):
    log = tmp_path / "log"
    settings = Settings(log=str(log), programs=5, seeds=8, seconds=0.2, together=4)

    def go(storage: str, restart: Callable[[], None]) -> list[str]:
        def trouble() -> None:
            until(lambda: count(log) >= 4 and busy(log))
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
            done = count(log)
            until(lambda: count(log) >= done + 4)
            restart()

        troubling = threading.Thread(target=trouble)
        troubling.start()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            share(Job((("tests.lab.workers.sleeping", settings),), storage), 4, "ray", SILENT)
        troubling.join()
        with capsys.disabled():
            verify(settings, storage, lost=2)
        return [str(warning.message) for warning in said]

    if binaries() and importlib.util.find_spec("psycopg"):
        with running(binaries()) as server:
            said = go(server.url(), server.restart)
        assert any("does not answer" in text for text in said)
    else:
        said = go(f"sqlite:///{tmp_path}/trials.db", lambda: None)  # the nodes are of one machine
    assert any("was lost: its process or node died; others go on" in text for text in said)
    assert len({process for _, process, _ in lines(log)}) == 4
    assert os.getpid() not in {process for _, process, _ in lines(log)}
