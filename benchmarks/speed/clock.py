"""What callables cost, taking turns: a machine's speed drifts, the ratio of neighbours does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import pandas as pd


def interleaved(
    sides: Mapping[str, Callable[[], Any]], *, rounds: int = 9, least: float = 0.02
) -> pd.DataFrame:
    """Seconds a call, a row each round and a column each side.

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
    rows = []
    for turn in range(rounds):
        moved = 2 * (turn // 2) % len(sides)
        order = [*sides][moved:] + [*sides][:moved]
        order = order if turn % 2 else order[::-1]
        rows.append({name: _seconds(sides[name], clock, calls[name]) for name in order})
    return pd.DataFrame(rows, columns=list(sides))


def first_calls(sides: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """CPU seconds of each side's first call, which traces and compiles it.

    CPU time on a GPU too, where compiling is still the processor's work.
    """
    seconds = {}
    for name, side in sides.items():
        started = time.process_time()
        _finish(side())
        seconds[name] = time.process_time() - started
    return seconds


def on_gpu() -> bool:
    where = str(keras.ops.zeros(()).device).lower()
    return "gpu" in where or "cuda" in where


def _calls(side: Callable[[], Any], clock: Callable[[], float], least: float) -> int:
    _finish(side())
    once = _seconds(side, clock, 1)
    return max(1, round(least / max(once, 1e-6)))


def _seconds(side: Callable[[], Any], clock: Callable[[], float], calls: int) -> float:
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
