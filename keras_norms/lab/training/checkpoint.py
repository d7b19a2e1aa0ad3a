"""Checkpoints: an interrupted run resumes from its last one, to the same curve, bit for bit.

Within `kept_in(folder)` a run in the middle is written to `folder/<key>.npz` every minute: every
variable of the model (moving statistics and the seeds of dropout among them) and of the optimizer,
the loss and accuracy of each step, the curve, what probes have answered, and the seconds spent. A
kill costs at most that minute; what is shorter never writes one. The file is written beside and
moved into place, so the last whole one is always there.

What could silently give another curve is not used: a file holds the `fingerprint` of its run. Where
any of it differs from what is here, or the file is damaged, a warning says so and the run starts
from its first step. A file that lies under another run's name was put there by hand, and is
refused.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.fingerprint import difference, fingerprint
from keras_norms.lab.training.outcome import Cost, from_json, to_json

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

VERSION = 2  # of what a file holds
EVERY = 60.0  # seconds
LARGEST_SHARE = 0.02  # of the time that may go into writing: large states are written less often

_place: ContextVar[tuple[Path, float] | None] = ContextVar("checkpoints", default=None)


@contextlib.contextmanager
def kept_in(folder: str | Path | None, every: float = EVERY) -> Iterator[None]:
    """Keeps the checkpoints of what is trained inside in `folder`; None keeps none.

    Each run has one, written at most every `every` seconds, which stays until it is removed.
    """
    token = _place.set(None if folder is None else (Path(folder), every))
    try:
        yield
    finally:
        _place.reset(token)


def remove(run: Run) -> None:
    """Removes the checkpoint of `run`, whose outcome is stored."""
    if place := _place.get():
        path = _path(place[0], run)
        with contextlib.suppress(OSError):  # what is left does no harm
            for one in (path, _part(path)):
                one.unlink(missing_ok=True)


@dataclass
class Reached:
    """How far a run has come: its curves so far, and their cost in all processes.

    Attributes:
        losses, accuracies: of each training step.
        rows: of the curve, in the order of `outcome.COLUMNS`.
        probed: what each probe has answered.
        cost: seconds.
    """

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    rows: list[tuple[float, ...]] = field(default_factory=list)
    probed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    cost: Cost = field(default_factory=lambda: Cost(0.0, 0.0, 0.0))


@dataclass(frozen=True)
class Checkpoint:
    """A run in the middle, with the values of the model's and the optimizer's variables there."""

    reached: Reached
    values: list[np.ndarray]
    optimizer: list[np.ndarray]


class Keeper:
    """Reads and writes the checkpoint of one run, and counts what the run costs.

    Args:
        run: the run, whose probes' answers are in the file.
        data: its data.
    """

    def __init__(self, run: Run, data: Any) -> None:
        self._run, self._data = run, data
        place = _place.get()
        self._path = None if place is None else _path(place[0], run)
        self._pause = 0.0 if place is None else place[1]
        self._last = time.monotonic()
        self.start(Cost(0.0, 0.0, 0.0), 0.0)

    @functools.cached_property
    def _origin(self) -> dict[str, Any]:
        return fingerprint(self._run, self._data)

    def start(self, before: Cost, compile_seconds: float) -> None:
        """Starts the clock, after what earlier processes have spent."""
        self._before, self._compile_seconds = before, compile_seconds
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def cost(self) -> Cost:
        """What was spent until now, in all processes."""
        return Cost(
            self._before.cpu_seconds + time.process_time() - self._cpu,
            self._before.wall_seconds + time.perf_counter() - self._wall,
            self._before.compile_seconds + self._compile_seconds,
        )

    def due(self) -> bool:
        """Whether it is time to write."""
        return self._path is not None and time.monotonic() - self._last >= self._pause

    def read(self) -> Checkpoint | None:
        """The run's checkpoint; None where there is none that it can go on from.

        Raises:
            BadInput: the file is another run's.
        """
        if self._path is None or not self._path.exists():
            return None
        try:
            with np.load(self._path) as file:
                arrays = {name: file[name] for name in file}
            said = json.loads(arrays.pop("said").tobytes())
            version = said["version"]
        # The zip, NumPy's headers and the JSON may each be damaged, with errors of their own.
        except Exception as error:
            return self._unused(f"cannot be read ({type(error).__name__}: {error})")
        if version != VERSION:
            return self._unused(f"is of version {version}, not {VERSION}")
        if said["key"] != self._run.key:
            raise BadInput(
                f"checkpoint {str(self._path)!r} is of another run, with "
                f"{difference(said['origin']['run'], self._run.as_dict())}: move it away, and the "
                "run starts from its first step"
            )
        if differs := difference(said["origin"], self._origin):
            return self._unused(f"was written with {differs}")
        try:
            return _checkpoint(said, arrays)
        except (KeyError, TypeError, ValueError) as error:  # a name that is damaged
            return self._unused(f"cannot be read ({type(error).__name__}: {error})")

    def write(
        self, reached: Reached, values: list[np.ndarray], optimizer: list[np.ndarray]
    ) -> None:
        """Replaces the checkpoint before; where it cannot be written, a warning says so."""
        reached.cost, made = self.cost(), self._origin
        began = time.monotonic()
        said = {
            "version": VERSION,
            "key": self._run.key,
            "origin": made,
            "rows": to_json(reached.rows),
            "probed": to_json(reached.probed),
            "cost": asdict(reached.cost),
            "values": len(values),
            "optimizer": len(optimizer),
        }
        arrays = {
            "said": np.frombuffer(json.dumps(said).encode(), np.uint8),
            "losses": np.array(reached.losses),
            "accuracies": np.array(reached.accuracies),
            **{f"values{k}": value for k, value in enumerate(values)},
            **{f"optimizer{k}": value for k, value in enumerate(optimizer)},
        }
        try:
            _write(self._path, arrays)
        except OSError as error:
            warnings.warn(
                f"checkpoint {str(self._path)!r} cannot be written ({error.strerror or error}); "
                "the run continues without",
                stacklevel=2,
            )
        self._last = time.monotonic()
        self._pause = max(self._pause, (self._last - began) / LARGEST_SHARE)

    def _unused(self, reason: str) -> None:
        warnings.warn(
            f"checkpoint {str(self._path)!r} {reason}: it is not used, and the run starts from its "
            "first step",
            stacklevel=3,
        )


def _checkpoint(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Checkpoint:
    reached = Reached(
        losses=arrays["losses"].tolist(),
        accuracies=arrays["accuracies"].tolist(),
        rows=[tuple(row) for row in from_json(said["rows"])],
        probed=from_json(said["probed"]),
        cost=Cost(**said["cost"]),
    )
    values, optimizer = (
        [arrays[f"{of}{k}"] for k in range(said[of])] for of in ("values", "optimizer")
    )
    return Checkpoint(reached, values, optimizer)


def _path(folder: Path, run: Run) -> Path:
    return folder / f"{run.key}.npz"


def _part(path: Path) -> Path:
    """What becomes the checkpoint when it is whole."""
    return path.with_suffix(".part")


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    with open(part, "wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
