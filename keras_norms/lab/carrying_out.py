"""From experiments with their options to their page: train what is missing, then publish."""

from __future__ import annotations

import datetime
import hashlib
import importlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.ledger.opening import absolute
from keras_norms.lab.progress import Progress
from keras_norms.lab.provenance import cores, provenance
from keras_norms.lab.publication import Part, publish, writable
from keras_norms.lab.signals import time_limit
from keras_norms.lab.trials import mirror, open_storage
from keras_norms.lab.walk import Walk
from keras_norms.lab.workers import Task, share

CHECKPOINTS = "checkpoints"
ENTRY = "experiment-"  # keys of the records that say what was run


@dataclass(frozen=True)
class Place:
    """Where experiments are run and published.

    Attributes:
        out: folder of the page and, by default, of the records and checkpoints.
        storage: folder or URL of the records; `out` where None.
        data_dir: folder of the TFDS sets.
        workers: processes; one a core where None.
        launcher: what the workers are: "local", processes of this machine, or "ray".
        searches: Optuna's storage in which the searches are shown; beside the records where None.
    """

    out: Path
    storage: str | None = None
    data_dir: str | None = None
    workers: int | None = None
    launcher: str = "local"
    searches: str | None = None

    @property
    def records(self) -> str:
        return absolute(self.storage or self.out)


def carry_out(
    experiments: Sequence[Experiment],
    place: Place,
    *,
    page: str,
    scale: str = "cpu",
    command: str = "",
    verdicts: bool = True,
    seconds: float | None = None,
) -> Path:
    """Does what is missing of the experiments, and writes their page; returns its path.

    Args:
        seconds: after which the page is written of what there is; None for no limit.

    Raises:
        BadInput: what cannot be opened, written or run.
        WorkersLost: every worker crashed or was killed.
    """
    writable(place.out)
    if place.searches is not None:
        open_storage(place.searches)  # refused before anything is trained
    ledger = Ledger.open(place.records)
    entries = [_entry(experiment, scale, command) for experiment in experiments]
    for entry in entries:
        ledger.put(entry)
    walks = {experiment: Walk(experiment, ledger) for experiment in experiments}
    with Progress.shown() as progress, time_limit(seconds):
        for exclusive in (False, True):  # timings last, and alone on the machine
            chosen = [one for one in experiments if one.exclusive is exclusive]
            if any(walks[one].missing() for one in chosen):
                crew = 1 if exclusive else place.workers
                _run(chosen, place, crew, progress, ledger, [walks[one] for one in chosen])
    ledger.look()
    if seconds is not None:  # a plan that was interrupted in a step of its own has no more of them
        walks = {experiment: Walk(experiment, ledger) for experiment in experiments}
        for walk in walks.values():
            walk.missing()
    searches = {
        f"{experiment.name()}, {name}": done
        for experiment, walk in walks.items()
        for name, done in walk.searched().items()
    }
    mirror(searches, place.searches or place.records)
    parts = [
        Part(walks[experiment], scale, command, entry)
        for experiment, entry in zip(experiments, entries, strict=True)
    ]
    return publish(parts, ledger, place.out, page, verdicts=verdicts)


def fetch(experiments: Sequence[Experiment], data_dir: str | None) -> None:
    """Downloads the data sets that the first groups of the plans name; streams bring their own."""
    from keras_norms.lab import data

    groups = [group for experiment in experiments for group in next(experiment.plan()).values()]
    jobs = [job for group in groups if isinstance(group, list) for job in group]
    names = {job.images for job in jobs if hasattr(job, "images") and not job.streamed}
    for name in sorted(names):
        data.load(name, data_dir=data_dir, download=True)


def _run(
    experiments: Sequence[Experiment],
    place: Place,
    workers: int | None,
    progress: Progress,
    ledger: Ledger,
    walks: Sequence[Walk],
) -> None:
    checkpoints = str((place.out / CHECKPOINTS).absolute())
    task = Task(tuple(experiments), place.records, place.data_dir, checkpoints)
    if place.launcher == "local":
        most = sum(len(walk.missing()) + walk.expected for walk in walks)
        workers = min(workers or cores(), max(most, 1))
    if workers == 1 and place.launcher == "local":
        task.work(
            lambda job, done: (
                progress.heard(job.key, job.title, done),
                progress.show(walks, ledger),
            ),
            opened=lambda: (ledger, list(walks)),
        )
    else:
        share(task, workers, place.launcher, progress, ledger, walks)


def report(kinds: Iterable[type[Experiment]], out: Path, storage: str | None) -> Path:
    """Writes the page of every experiment of `kinds` that the storage has an entry of.

    Raises:
        BadInput: there are none, or the storage or the folder cannot be used.
    """
    ledger = Ledger.open(storage or str(out))
    known = {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}
    keys = sorted(key for key in ledger.keys() if key.startswith(ENTRY))  # noqa: SIM118
    entries = [entry for key in keys if (entry := ledger.get(key))]
    chosen = [entry for entry in entries if entry.job["experiment"] in known]
    if not chosen:
        raise BadInput(
            f"storage={ledger.name!r} has no runs of these experiments: run one first, or name "
            "the folder that it wrote to by --storage"
        )
    latest = {e.job["experiment"]: e for e in sorted(chosen, key=lambda e: e.outcome["at"])}
    parts = []
    for entry in sorted(latest.values(), key=lambda entry: entry.job["experiment"]):
        walk = Walk(experiment_of(entry), ledger)
        walk.missing()
        parts.append(Part(walk, entry.job["scale"], entry.outcome["command"], entry))
    return publish(parts, ledger, out, "report")


def experiment_of(entry: Record) -> Experiment:
    """The experiment that an entry of the storage names.

    Raises:
        BadInput: this version has no such experiment or option.
    """
    module, _, name = entry.job["experiment"].rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    options = entry.job["options"]
    try:
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in options.items()})
    except TypeError as error:
        raise BadInput(
            f"{entry.job['experiment']} was run by another version, with other options ({error}): "
            "run it again, or use that version"
        ) from error


def _entry(experiment: Experiment, scale: str, command: str) -> Record:
    """What `report` finds later."""
    kind = type(experiment)
    job = {
        "experiment": f"{kind.__module__}.{kind.__qualname__}",
        "options": experiment.options(),
        "scale": scale,
    }
    job = json.loads(json.dumps(job))
    key = hashlib.sha256(json.dumps([job, command], sort_keys=True).encode()).hexdigest()[:16]
    now = datetime.datetime.now(datetime.UTC).isoformat()
    return Record(ENTRY + key, job, {"command": command, "at": now}, provenance())
