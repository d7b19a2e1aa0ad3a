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
        rounds: how often all sides take their turn; the order is turned round each time.
        least: seconds that a measurement lasts at least, by repeated calls.
    """
    clock = time.perf_counter if on_gpu() else time.process_time
    calls = {name: _calls(side, clock, least) for name, side in sides.items()}
    rows = []
    for turn in range(rounds):
        order = list(sides) if turn % 2 else list(reversed(sides))
        rows.append({name: _seconds(sides[name], clock, calls[name]) for name in order})
    return pd.DataFrame(rows, columns=list(sides))


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
