"""Where a result comes from: versions, backend, device and commit."""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.version import __version__

COMMIT = "KERAS_NORMS_COMMIT"  # tells it where the code was sent to without its repository
THREADS = (
    "OMP_NUM_THREADS",  # torch, and whatever NumPy calls
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "PJRT_NPROC",  # JAX
)
# The same sums, compiled otherwise.
COMPILED = ("XLA_FLAGS", "TF_XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS")
LIBRARY = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def provenance() -> dict[str, str]:
    """What must be known to make a result again, besides its job.

    Keys: `keras_norms`, `keras`, `python`, `library` (the backend with its version), `device`,
    `processor`, `commit` ("" outside a git checkout; with a "+" where tracked files were changed)
    and `date`. Where no framework is imported none was used, and `keras`, `library` and `device`
    say "none".
    """
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {**_versions("keras" in sys.modules), "date": today}


@functools.cache
def _versions(framework: bool) -> dict[str, str]:
    found = {
        "keras_norms": __version__,
        "python": platform.python_version(),
        "processor": processor(),
        "commit": _commit(),
    }
    if not framework:
        return found | {"keras": "none", "library": "none", "device": "none"}
    import keras

    backend = keras.config.backend()
    library = f"{backend} {_version(LIBRARY.get(backend, backend))}"
    return found | {"keras": keras.__version__, "library": library, "device": _device()}


def require_backend(backend: str) -> None:
    """Raises BadInput where `backend` is not the one that is running."""
    import keras

    if backend != keras.config.backend():
        raise BadInput(
            f"Invalid backend={backend!r}: {keras.config.backend()!r} is running; set "
            f"KERAS_BACKEND={backend}"
        )


@functools.cache
def processor() -> str:
    """The model of the processor with its cores and last cache, as far as the system tells."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    told = {name.strip(): value.strip() for name, value in told.items()}
    if "model name" in told:
        family = f"family {told.get('cpu family', '?')}, model {told.get('model', '?')}"
        model = f"{told['model name']} ({family})"
    return f"{model}, {os.cpu_count()} cores{_last_cache()}"


def _last_cache() -> str:
    """Of the first core, as in ", 32 MiB cache"."""
    found = {}
    for folder in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        with contextlib.suppress(OSError, ValueError):
            kib = int((folder / "size").read_text().strip().removesuffix("K"))
            found[int((folder / "level").read_text())] = kib
    if not found:
        return ""
    kib = found[max(found)]
    return f", {kib / 1024:g} MiB cache" if kib >= 1024 else f", {kib} KiB cache"


def cores() -> int:
    """As many as this process may use, where the system tells."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def described(origin: Mapping[str, Any]) -> str:
    """A `provenance` in words."""
    commit = f" at {origin['commit']}" if origin["commit"] else ""
    framework = f", Keras {origin['keras']} on {origin['library']}, {origin['device']}"
    return (
        f"keras-norms {origin['keras_norms']}{commit}, Python {origin['python']}, "
        f"{origin['processor']}{framework if origin['keras'] != 'none' else ''}"
    )


def threads() -> dict[str, Any]:
    """What decides in which order a backend adds: the cores, and what its environment says."""
    return {"cores": cores(), **{name: os.environ.get(name) for name in (*THREADS, *COMPILED)}}


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _device() -> str:
    """The kind of device that a fresh tensor lies on, with the name of the processor."""
    import keras

    where = str(keras.ops.zeros(()).device).lower()
    if "gpu" in where or "cuda" in where:
        return f"gpu ({_first_line('nvidia-smi', '--query-gpu=name', '--format=csv,noheader')})"
    # TensorFlow on another number of threads adds in another order.
    threads = os.environ.get("TF_NUM_INTRAOP_THREADS")
    limited = f", {threads} used by an operation" if threads else ""
    return f"cpu ({os.cpu_count()} cores{limited}, {platform.machine()})"


def _commit() -> str:
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():  # a parent folder's repository says nothing about this code
        return os.environ.get(COMMIT, "")
    commit = _first_line("git", "-C", str(root), "rev-parse", "--short=12", "HEAD")
    changed = _first_line("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return commit + ("+" if commit and changed else "")


def _first_line(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip().split("\n")[0] if answer.returncode == 0 else ""
