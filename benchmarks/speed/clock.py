"""What callables cost, taking turns: a machine's speed drifts, the ratio of neighbours does not."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

Sides = Mapping[str, Callable[[], Any]]


def timed(sides: Sides, rounds: int) -> dict[str, dict[str, Any]]:
    """CPU seconds of each "first call", with compiling, and "seconds" as of `interleaved`."""
    first = {name: _measured(side, time.process_time, 1) for name, side in sides.items()}
    return {"seconds": interleaved(sides, rounds=rounds), "first call": first}


def interleaved(sides: Sides, *, rounds: int, least: float = 0.02) -> dict[str, list[float]]:
    """Seconds a call of each side, one value a round.

    CPU time of all threads on a CPU, which other processes disturb least; time until the device is
    done on a GPU.

    Args:
        sides: what to call; each is called twice beforehand, to compile and to warm up.
        rounds: how often all sides take their turn; the order is turned round each time, and
            moved on every second time, since who follows itself finds its memory warm.
        least: seconds that a measurement lasts at least, by repeated calls.
    """
    clock = time.perf_counter if on_gpu() else time.process_time
    calls = {name: _calls(side, clock, least) for name, side in sides.items()}
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        moved = 2 * (turn // 2) % len(sides)
        order = [*sides][moved:] + [*sides][:moved]
        for name in order if turn % 2 else order[::-1]:
            found[name].append(_measured(sides[name], clock, calls[name]))
    return found


def on_gpu() -> bool:
    where = str(keras.ops.zeros(()).device).lower()
    return "gpu" in where or "cuda" in where


def forget() -> None:
    """Frees the programs of earlier jobs, which would fill the memory."""
    keras.backend.clear_session()
    gc.collect()


def _calls(side: Callable[[], Any], clock: Callable[[], float], least: float) -> int:
    _finish(side())
    return max(1, round(least / max(_measured(side, clock, 1), 1e-6)))


def _measured(side: Callable[[], Any], clock: Callable[[], float], calls: int) -> float:
    started = clock()
    for _ in range(calls):
        result = side()
    _finish(result)
    return (clock() - started) / calls


def _finish(result: Any) -> None:
    """Wait until what has been started is computed."""
    if keras.config.backend() == "jax":
        import jax

        jax.block_until_ready(result)
    elif keras.config.backend() == "torch":
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()
    else:
        import tensorflow as tf

        tf.test.experimental.sync_devices()
