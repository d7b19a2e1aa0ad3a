"""What the ledger knows: a job has a key, an effort, and does its work."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from keras_norms.lab.errors import BadInput

OnStep = Callable[["Job", float], None]


@dataclass(frozen=True)
class Bench:
    """What a job finds where it is done, and what of it is wanted.

    Attributes:
        data_dir: folder of the TFDS sets.
        checkpoints: folder for what is in the middle; none are kept where None.
        on_step: called with the job and the share of it that is done, now and then.
        missing: the names of the parts that no record has yet.
    """

    data_dir: str | None = None
    checkpoints: Path | None = None
    on_step: OnStep = lambda job, share: None
    missing: frozenset[str] = frozenset({""})


@runtime_checkable
class Job(Protocol):
    """A piece of work whose outcome is kept under its key, once for all experiments."""

    @property
    def key(self) -> str:
        """The hash of everything that the outcome depends on."""
        ...

    @property
    def parts(self) -> Mapping[str, str]:
        """The keys of its records by name; that of the job itself is called ""."""
        ...

    @property
    def program(self) -> Hashable:
        """Jobs of one program share what is compiled, and are done one after another."""
        ...

    @property
    def effort(self) -> float:
        """About what it costs, to weigh jobs of one experiment against one another."""
        ...

    @property
    def title(self) -> str:
        """A few words for the progress."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; for equal keys equal."""
        ...

    def do(self, bench: Bench) -> Mapping[str, Any]:
        """JSON-ready outcomes by the name of their part."""
        ...

    def read(self, outcomes: Mapping[str, Any]) -> Any:
        """What an experiment is handed, from the outcomes of its parts."""
        ...


@dataclass(frozen=True)
class Computation:
    """A function that is called once: a check, a timing, an eigenvalue; nothing is trained.

    Attributes:
        function: its full name, "package.module.function"; it returns what JSON can hold, and is
            given the `Bench` where it has an argument `bench`.
        arguments: of the function, JSON-ready.
        backend: the Keras backend that it needs to run on; "" where the outcome depends on none.
        seed: pairs computations like runs; handed to the function where it is not None.
        effort: see `Job`.
    """

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    backend: str = ""
    seed: int | None = None
    effort: float = 1.0

    @property
    def key(self) -> str:
        content = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def parts(self) -> dict[str, str]:
        return {"": self.key}

    @property
    def program(self) -> Hashable:
        return self.function, self.backend

    @property
    def title(self) -> str:
        said = [f"{name} {value}" for name, value in self.arguments.items()]
        said += [f"seed {self.seed}"] if self.seed is not None else []
        return ", ".join([self.function.rpartition(".")[2].replace("_", " "), *said])

    def as_dict(self) -> dict[str, Any]:
        return {
            "function": self.function,
            "arguments": dict(self.arguments),
            "backend": self.backend,
            "seed": self.seed,
        }

    def do(self, bench: Bench) -> dict[str, Any]:
        if self.backend:
            from keras_norms.lab.provenance import require_backend

            require_backend(self.backend)
        module, _, name = self.function.rpartition(".")
        call = getattr(importlib.import_module(module), name, None)
        if call is None:
            raise BadInput(f"function={self.function!r} is not there: write 'package.module.name'")
        more = {} if self.seed is None else {"seed": self.seed}
        if "bench" in inspect.signature(call).parameters:
            more["bench"] = bench
        return {"": call(**self.arguments, **more)}

    def read(self, outcomes: Mapping[str, Any]) -> Any:
        return outcomes[""]
