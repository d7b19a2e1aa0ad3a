"""What a worker is given, in a form that travels to another process or machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keras_norms.lab.execution import work
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Bench, OnStep
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.provenance import THREADS
from keras_norms.lab.walk import Walk

# Processes that share a GPU cannot each take all of its memory at the start.
SHARED_GPU = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


@dataclass(frozen=True)
class Task:
    """Experiments, and where their records are kept.

    Attributes:
        experiments: what is wanted.
        storage: folder or URL.
        data_dir: folder of the TFDS sets.
        checkpoints: folder for those of the runs in the middle; none are kept where None.
    """

    experiments: tuple[Experiment, ...]
    storage: str
    data_dir: str | None = None
    checkpoints: str | None = None

    def open(self) -> tuple[Ledger, list[Walk]]:
        """The ledger, and the plan of each experiment as far as it has it.

        Raises:
            BadInput: the storage cannot be opened, or a plan cannot be.
        """
        ledger = Ledger.open(self.storage)
        return ledger, [Walk(experiment, ledger) for experiment in self.experiments]

    def work(
        self,
        on_step: OnStep,
        opened: Callable[[], tuple[Ledger, list[Walk]]] | None = None,
        most_programs: int | None = None,
    ) -> bool:
        """Does what is missing; see `execution.work`."""
        ledger, walks = (opened or self.open)()
        folder = None if self.checkpoints is None else Path(self.checkpoints)
        bench = Bench(self.data_dir, folder, on_step)
        return work(walks, ledger, bench, most_programs)


def environment(workers: int, cores: int) -> dict[str, str]:
    """What a worker's libraries are told: its share of `cores`, and to share a GPU.

    What the user has set is left as it is.
    """
    threads = str(max(1, cores // workers))
    wanted = {**dict.fromkeys(THREADS, threads), **(SHARED_GPU if workers > 1 else {})}
    return {name: os.environ.get(name, value) for name, value in wanted.items()}
