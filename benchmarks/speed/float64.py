"""How far the layers are from float64, beside Keras's own: the error of a float32 training step.

Set-up: normal inputs of three deviations around five means, a normal output gradient, gamma 1 and
beta 0. Each entry is `y / dx`: root mean square error of the output and of the input gradient, over
the root mean square of their float64 values. Every entry of ours whose mean is at most 1e4
deviations is to be at most 2e-5; the exit code is 1 where one is not. Beyond, where float32 inputs
themselves keep few digits of the deviation, it is told and not judged: marked by *.

    python -m benchmarks.speed.accuracy
    KERAS_BACKEND=jax python -m benchmarks.speed.accuracy --shape 64 32 32 64
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import product

import keras
import numpy as np
from tabulate import tabulate

from benchmarks.speed.steps import backward
from keras_norms import layers

LIMIT = 2e-5
FARTHEST = 1e4  # mean over deviation, up to where the limit must hold
MEANS = (0.0, 1e2, 1e3, 1e4, 1e5)
DEVIATIONS = (1e-2, 1.0, 1e2)
GROUPS = 8
# name -> ours, Keras's, the reduced axes, whether the mean is subtracted
NORMALIZERS: dict[str, tuple[Callable, Callable, tuple[int, ...], bool]] = {
    "batch": (layers.BatchNormalization, keras.layers.BatchNormalization, (0, 1, 2), True),
    "group": (
        lambda: layers.GroupNormalization(GROUPS),
        lambda: keras.layers.GroupNormalization(GROUPS),
        (1, 2, 4),
        True,
    ),
    "instance": (
        layers.InstanceNormalization,
        lambda: keras.layers.GroupNormalization(-1),
        (1, 2),
        True,
    ),
    "layer": (layers.LayerNormalization, keras.layers.LayerNormalization, (3,), True),
    "rms": (layers.RMSNormalization, keras.layers.RMSNormalization, (3,), False),
}


def reference(
    x: np.ndarray, dy: np.ndarray, axes: tuple[int, ...], centred: bool, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Output and input gradient of a standardization over `axes`, in float64.

    y = r (x - m) with r = 1 / sqrt(mean((x - m)^2) + epsilon), so that
    dx = r (dy - mean(dy) - y mean(dy y)); without the mean of x, that of dy goes as well.
    """
    shape = x.shape
    if len(axes) and max(axes) == x.ndim:  # groups are an axis of their own
        x, dy = (a.reshape(*shape[:-1], GROUPS, -1) for a in (x, dy))
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    if centred:
        x = x - x.mean(axes, keepdims=True)
    r = 1 / np.sqrt(np.square(x).mean(axes, keepdims=True) + epsilon)
    y = r * x
    dx = dy - y * (dy * y).mean(axes, keepdims=True)
    if centred:
        dx = dx - dy.mean(axes, keepdims=True)
    return y.reshape(shape), (r * dx).reshape(shape)


def error(got: object, wanted: np.ndarray) -> float:
    difference = keras.ops.convert_to_numpy(got).astype(np.float64) - wanted
    return float(np.sqrt(np.mean(np.square(difference)) / np.mean(np.square(wanted))))


def measure(
    name: str, shape: Sequence[int]
) -> dict[tuple[str, str, float], list[tuple[float, float]]]:
    """(mode, whose, deviation) -> the errors of y and dx at each of the means."""
    ours, theirs, axes, centred = NORMALIZERS[name]
    made = {"ours": ours(), "Keras": theirs()}
    for layer in made.values():
        layer.build(tuple(shape))
    run = {whose: backward(layer) for whose, layer in made.items()}  # compiled once for all inputs
    errors: dict[tuple[str, str, float], list[tuple[float, float]]] = {}
    rng = np.random.default_rng(0)
    for deviation, mean in product(DEVIATIONS, MEANS):
        x = rng.normal(mean, deviation, shape).astype(np.float32)
        dy = rng.normal(0.0, 1.0, shape).astype(np.float32)
        for whose, modes in run.items():
            y, dx = reference(x, dy, axes, centred, made[whose].epsilon)
            for mode, step in modes.items():
                got = step(keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(dy))
                pair = error(got[0], y), error(got[1], dx)
                errors.setdefault((mode, whose, deviation), []).append(pair)
    return errors


def judged(mean: float, deviation: float) -> bool:
    return mean <= FARTHEST * deviation


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shape = (64, 16, 16, 32)
    said = f"batch, height, width and channels ({' '.join(map(str, shape))})"
    parser.add_argument("--shape", type=int, nargs=4, default=shape, help=said)
    given = parser.parse_args(arguments)
    if min(given.shape) < 1 or given.shape[-1] % GROUPS:
        parser.error(f"--shape {given.shape}: sizes from 1, channels a multiple of {GROUPS}")

    rows, worst = [], 0.0
    for name in NORMALIZERS:
        for (mode, whose, deviation), errors in sorted(measure(name, given.shape).items()):
            held = [judged(mean, deviation) for mean in MEANS]
            said = [f"{y:.0e} / {dx:.0e}" for y, dx in errors]
            said = [text if ok else f"{text} *" for text, ok in zip(said, held, strict=True)]
            rows.append([name, mode, whose, f"{deviation:g}", *said])
            if whose == "ours":
                of_ours = np.ravel([pair for pair, ok in zip(errors, held, strict=True) if ok])
                worst = float(np.max([worst, *of_ours]))  # np.max lets a NaN through
    print(f"float32 against float64, y / dx, {keras.config.backend()}, shape {given.shape}")
    header = ["layer", "mode", "whose", "deviation", *(f"mean {mean:g}" for mean in MEANS)]
    print(tabulate(rows, header, tablefmt="github"))
    print("* mean beyond 1e4 deviations: not judged")
    print(f"largest error of ours: {worst:.1e} (limit {LIMIT:.0e})")
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
