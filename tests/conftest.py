"""Quiet backends, the two lanes, and an end to what a file of tests keeps."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Parameters that only repeat a test in a further mode; the fast lane keeps the first one.
FURTHER_MODES = {"mode": ("graph", "xla"), "jit": (True,), "compiled": (True,)}
FEW = 4  # of a test's parameters, all of them where it is marked `every`
# Whoever imports these starts processes, which import a framework and train.
STARTS_PROCESSES = ("subprocess", "multiprocessing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `full`, besides what says so itself, what the fast lane has no time for."""
    first = os.environ.get("KERAS_BACKEND") != "tensorflow"  # elsewhere the first mode is the only
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        further = not first and any(given.get(k) in v for k, v in FURTHER_MODES.items())
        if further or _starts_processes(item.module):
            item.add_marker(pytest.mark.full)

    tests: dict[str, list[pytest.Item]] = {}
    for item in items:
        if "full" not in item.keywords and "every" not in item.keywords:
            tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for same in tests.values():
        kept = {round(k * (len(same) - 1) / (FEW - 1)) for k in range(FEW)}  # first, last, between
        for place, item in enumerate(same):
            if len(same) > FEW and place not in kept:
                item.add_marker(pytest.mark.full)
    # Of two workers neither begins with the longest files when the other has ended.
    items.sort(key=lambda item: not _starts_processes(item.module))


def pytest_collection_finish() -> None:
    """What has been imported stays: no later collection of garbage walks through it again."""
    gc.collect()
    gc.freeze()


def _starts_processes(module: ModuleType) -> bool:
    """Itself, or by a part of the tests that it imports from."""
    owners = {getattr(value, "__module__", None) for value in vars(module).values()}
    parts = [sys.modules[name] for name in owners if name and name.startswith("tests.")]
    return any(hasattr(part, name) for part in (module, *parts) for name in STARTS_PROCESSES)


@pytest.fixture(autouse=True, scope="module")
def _forget() -> Iterator[None]:
    """Frameworks keep every program that they compiled: after thousands of tests, gigabytes.

    What a command puts into the environment ends with its file too: later processes would differ.
    """
    environment = dict(os.environ)
    yield
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
    for name in [name for name in sys.modules if name.startswith("tests.")]:
        for value in list(vars(sys.modules[name]).values()):
            if hasattr(value, "cache_clear"):  # of functools: its values hold on to programs
                value.cache_clear()
    if ops := sys.modules.get("tensorflow.python.framework.ops"):
        # Each trace of a custom gradient is registered for good, and its whole program with it.
        registered = ops.gradient_registry._registry
        for name in [name for name in registered if name.startswith("CustomGradient-")]:
            del registered[name]
    if jax := sys.modules.get("jax"):
        jax.clear_caches()
    if keras := sys.modules.get("keras"):
        keras.backend.clear_session()
    gc.collect()  # once more: finalizers have let go of more
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)  # what is free goes back to the system
