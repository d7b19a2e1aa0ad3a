"""Workers as actors of a Ray cluster; imported only where Ray is asked for.

The cluster is the one that RAY_ADDRESS names or that runs on this machine; where there is none,
Ray starts one of this machine alone. Nodes get the folder of the checkout from here and need
what it depends on, a way to the storage, and their own copy of a TFDS set. An actor that dies is
not started again: the others do its run, and the command given again is a fresh worker.
"""

from __future__ import annotations

import os
import queue
import socket
from pathlib import Path
from typing import Any

import keras
import ray
from ray.exceptions import RayActorError, RayTaskError

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger.opening import is_local
from keras_norms.lab.ledger.passwords import hidden_url
from keras_norms.lab.provenance import COMMIT, provenance
from keras_norms.lab.workers.protocol import Message, live
from keras_norms.lab.workers.task import Task, environment


@ray.remote
class Worker:
    """Lives on a node; one thread works while another hands messages out."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def work(self, task: Task) -> None:
        live(task, self._messages.put)

    def messages(self) -> list[Message]:
        return [self._messages.get() for _ in range(self._messages.qsize())]


class Actor:
    """A worker on the cluster as seen from here; a `Member`."""

    def __init__(self, task: Task, name: str, options: dict[str, Any]) -> None:
        self.name = name
        self._actor = Worker.options(**options).remote()
        self._working = self._actor.work.remote(task)
        self._asked = self._actor.messages.remote()

    def messages(self) -> list[Message]:
        if not _is_ready(self._asked):
            return []
        try:
            found = ray.get(self._asked)
        except RayActorError:  # as `lost` tells
            return []
        self._asked = self._actor.messages.remote()
        return found

    def lost(self) -> str | None:
        if not _is_ready(self._working):
            return None
        try:
            return ray.get(self._working)
        except RayActorError as error:
            return f"its process or node died\n{error}"
        except RayTaskError as error:
            return f"it crashed\n{error}"

    def stop(self) -> None:
        ray.kill(self._actor)


def launch(task: Task, workers: int | None) -> list[Actor]:
    """Actors on the cluster, one a GPU or else one a core where `workers` is None.

    Raises:
        BadInput: there is no such cluster, it is too small, or its nodes cannot share the storage.
    """
    _connect()
    has = ray.cluster_resources()
    cores, gpus = int(has.get("CPU", 0)), int(has.get("GPU", 0))
    workers = workers or gpus or cores
    if workers > cores:
        raise BadInput(f"workers={workers} are more than the {cores} cores of the Ray cluster")
    hosts = {node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]}
    if is_local(task.storage) and hosts != {socket.gethostname()}:
        raise BadInput(
            f"storage={hidden_url(task.storage)!r} is a file on this machine, which the others "
            "of the Ray cluster cannot share; write postgresql://USER:PASSWORD@HOST/NAME"
        )
    variables = {
        **environment(workers, cores),
        "KERAS_BACKEND": keras.config.backend(),
        COMMIT: provenance()["commit"],
    }
    options = {
        "num_cpus": cores // workers,
        "num_gpus": min(1.0, gpus / workers),
        "max_concurrency": 2,
        "scheduling_strategy": "SPREAD",
        "runtime_env": {"env_vars": variables},
    }
    return [Actor(task, f"worker {k + 1}", options) for k in range(workers)]


def _connect() -> None:
    try:
        ray.init(
            runtime_env={"working_dir": str(Path.cwd()), "excludes": [".git"]},
            ignore_reinit_error=True,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except ConnectionError as error:
        address = os.environ.get("RAY_ADDRESS", "")
        raise BadInput(f"RAY_ADDRESS={address!r} is no running Ray cluster ({error})") from error


def _is_ready(reference: ray.ObjectRef) -> bool:
    return bool(ray.wait([reference], timeout=0)[0])
