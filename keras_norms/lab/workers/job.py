"""The job of a worker, in a form that travels to another process or machine."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import optuna

from keras_norms.lab.finished import open_study
from keras_norms.lab.progress import Progress
from keras_norms.lab.provenance import THREADS
from keras_norms.lab.training.checkpoint import kept_in

# Processes that share a GPU cannot each take all of its memory at the start.
SHARED_GPU = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


@dataclass(frozen=True)
class Job:
    """Experiments with their settings, and where their runs are kept.

    Attributes:
        plan: names of experiment modules (see `keras_norms.lab.experiments`), each with its
            settings.
        storage: URL or path.
        data_dir: folder of the TFDS sets.
        checkpoints: folder for those of the runs in the middle; none are kept where None.
    """

    plan: tuple[tuple[str, Any], ...]
    storage: str
    data_dir: str | None = None
    checkpoints: str | None = None

    def parts(self) -> list[tuple[ModuleType, Any]]:
        return [(importlib.import_module(name), settings) for name, settings in self.plan]

    def studies(self) -> list[optuna.Study]:
        """The study of each experiment, opened.

        Raises:
            BadInput: the storage cannot be opened.
        """
        return [open_study(settings.study, self.storage) for _, settings in self.plan]

    def work(self, progress: Progress) -> None:
        """Does what is missing; returns when every run is finished, here or elsewhere.

        Raises:
            BadInput: what cannot be opened or run.
        """
        parts, studies = self.parts(), self.studies()
        for module, settings in parts:
            progress.expect(module.effort(settings))
        with kept_in(self.checkpoints):
            for study, (module, settings) in zip(studies, parts, strict=True):
                module.run(study, settings, data_dir=self.data_dir, progress=progress)


def environment(workers: int, cores: int) -> dict[str, str]:
    """What a worker's libraries are told: its share of `cores`, and to share a GPU.

    What the user has set is left as it is.
    """
    threads = str(max(1, cores // workers))
    wanted = {**dict.fromkeys(THREADS, threads), **(SHARED_GPU if workers > 1 else {})}
    return {name: os.environ.get(name, value) for name, value in wanted.items()}
