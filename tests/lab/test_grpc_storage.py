"""Searches over Optuna's gRPC proxy: a server of its own, which goes away and comes back."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import warnings
from types import SimpleNamespace

import optuna
import pytest
from optuna.storages import GrpcStorageProxy

from keras_norms.lab.carrying_out import Place, carry_out
from keras_norms.lab.edges.sampler import ThresholdSampler
from keras_norms.lab.errors import BadInput
from keras_norms.lab.grpc_storage import open_proxy
from keras_norms.lab.trials import mirror, open_storage

grpc = pytest.importorskip("grpc")
from optuna.storages._grpc.server import make_server  # noqa: E402  `run_...` cannot be stopped

pytestmark = pytest.mark.once


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def served(database, port):
    storage = optuna.storages.get_storage(f"sqlite:///{database}")
    server = make_server(storage, "localhost", port)
    server.start()
    try:
        yield storage
    finally:
        server.stop(None).wait()


def objective(trial):
    rate = trial.suggest_float("learning_rate", 1e-3, 1e2, log=True)
    trial.set_user_attr("verdict", "useful" if rate < 1 else "blew up")
    return rate


def test_a_search_goes_on_when_the_server_comes_back(tmp_path, port):
    database = tmp_path / "trials.db"
    with served(database, port):
        sampler = ThresholdSampler(seed=0)
        study = optuna.create_study(storage=open_storage(f"grpc://localhost:{port}"),
                                    study_name="edges", sampler=sampler)  # fmt: skip
        study.optimize(objective, n_trials=3)
    back = threading.Event()

    def come_back():
        time.sleep(1.0)
        with served(database, port):
            back.wait(60)

    server = threading.Thread(target=come_back)
    server.start()
    try:
        with pytest.warns(UserWarning, match=r"grpc://localhost:\d+ does not answer; retrying"):
            study.optimize(objective, n_trials=3)
        finished = [trial for trial in study.trials if trial.state.is_finished()]
        assert len(finished) == 6
        assert sampler.thresholds(study).blow_up.weights.argmax() > 0
    finally:
        back.set()
        server.join()
    direct = optuna.load_study(study_name="edges", storage=f"sqlite:///{database}")
    assert [trial.params for trial in direct.trials if trial.params] == [t.params for t in finished]


def test_a_server_that_stays_away_is_named(tmp_path, port):
    with served(tmp_path / "trials.db", port):
        storage = open_proxy(f"grpc://localhost:{port}", patience=0.3)
        study = optuna.create_study(storage=storage, study_name="edges")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BadInput, match=r"has not answered for 0 s: finished runs are saved"):
            study.ask()


def test_an_end_that_is_told_twice_is_one_end(tmp_path, port, monkeypatch):
    """The answer to the first call is lost: what is carried out again does no harm."""

    class Lost(grpc.RpcError):
        def code(self):
            return grpc.StatusCode.UNAVAILABLE

    with served(tmp_path / "trials.db", port):
        storage = open_proxy(f"grpc://localhost:{port}")
        study = optuna.create_study(storage=storage, study_name="edges")
        trial = study.ask()
        carried_out, calls = GrpcStorageProxy.set_trial_state_values, []

        def once_in_vain(self, *args, **kwargs):
            calls.append(args)
            answer = carried_out(self, *args, **kwargs)
            if len(calls) == 1:
                raise Lost
            return answer

        monkeypatch.setattr(GrpcStorageProxy, "set_trial_state_values", once_in_vain)
        with pytest.warns(UserWarning, match="does not answer"):
            study.tell(trial, 1.0)
        assert len(calls) == 2
        (kept,) = study.trials
        assert (kept.state, kept.value) == (optuna.trial.TrialState.COMPLETE, 1.0)


def test_the_searches_of_an_experiment_are_shown_there(tmp_path, port):
    run = SimpleNamespace(key="a1", learning_rate=0.3, title="a run", seed=10)
    with served(tmp_path / "trials.db", port) as storage:
        mirror(
            {"tune, trials": [(run, SimpleNamespace(verdict="alive"))]}, f"grpc://localhost:{port}"
        )
        (trial,) = optuna.load_study(study_name="tune, trials", storage=storage).trials
    assert trial.params == {"learning_rate": 0.3}
    assert trial.user_attrs == {"key": "a1", "job": "a run", "seed": 10, "verdict": "alive"}


def test_a_proxy_is_asked_for_before_anything_is_trained(tmp_path):
    with pytest.raises(BadInput, match=r"storage='grpc://nowhere' names no proxy server"):
        carry_out([], Place(tmp_path, searches="grpc://nowhere"), page="none")


@pytest.mark.parametrize(("url", "said"), [
    ("grpc://localhost", r"names no proxy server; write grpc://HOST:PORT"),
    ("grpc://localhost:high", r"names no proxy server"),
    ("grpc://:13000", r"names no proxy server"),
    ("grpc://localhost:13000/study", r"names no proxy server"),
])  # fmt: skip
def test_urls_that_name_none(url, said):
    with pytest.raises(BadInput, match=said):
        open_storage(url)


def test_a_server_that_is_not_there(port):
    with pytest.raises(BadInput, match=r"no proxy server answers there; start one with optuna"):
        open_proxy(f"grpc://localhost:{port}", patience=0.3)
