"""Where rows go: a tidy CSV file, event files for TensorBoard, or a function of the user."""

from __future__ import annotations

import csv
import importlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras

Row = Mapping[str, Any]
COLUMNS = ("epoch", "step", "layer", "quantity", "value")
WRITERS = ("tensorboardX", "torch.utils.tensorboard")


class CSV:
    """A file with one value a line, written anew by each of these objects."""

    def __init__(self, path: str | os.PathLike) -> None:
        self._path = Path(path)
        self._begun = False

    def write(self, rows: Iterable[Row]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a" if self._begun else "w", newline="") as file:
            writer: csv.DictWriter[Any] = csv.DictWriter(file, COLUMNS)
            if not self._begun:
                writer.writeheader()
                self._begun = True
            writer.writerows(rows)


class TensorBoard:
    """Scalars named `layer/quantity` by step.

    Raises:
        ImportError: nothing that is installed writes event files.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._folder = str(folder)
        self._kind = _summary_writer()
        self._writer = None

    def write(self, rows: Iterable[Row]) -> None:
        if self._writer is None:
            self._writer = self._kind(self._folder)
        for row in rows:
            self._writer.add_scalar(f"{row['layer']}/{row['quantity']}", row["value"], row["step"])
        self._writer.flush()


class Function:
    """Calls `function({"layer/quantity": value, ...}, step)` once a probe.

    Raises:
        ValueError: it cannot be called.
    """

    def __init__(self, function: Callable[[dict[str, float], int], Any]) -> None:
        if not callable(function):
            raise ValueError(
                "Argument `sink` must be a function of a dict of values and the step, such as "
                f"wandb.log or mlflow.log_metrics. Received: sink={function!r}"
            )
        self._function = function

    def write(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        if rows:
            values = {f"{row['layer']}/{row['quantity']}": row["value"] for row in rows}
            self._function(values, rows[0]["step"])


def _summary_writer() -> type:
    if keras.config.backend() == "tensorflow":
        return importlib.import_module("keras_norms.probes.tensorflow").SummaryWriter
    for name in WRITERS:
        try:
            return importlib.import_module(name).SummaryWriter
        except ImportError:
            continue
    raise ImportError(
        "Argument `tensorboard` needs a package that writes event files, and none is installed. "
        "Install one (`pip install tensorboardX`), or log to a file by `csv`."
    )
