"""Full-batch descent at many learning rates side by side, and where it diverges."""

from __future__ import annotations

from typing import Any

import numpy as np

ARMS = {"none": None, "BN": 1, "LN": 2}  # the axis that statistics are taken over
LARGE = 1e6  # times the first loss: there it has diverged
EPSILON = 1e-5


def diverges(
    rates: np.ndarray, arm: str, width: int, examples: int, steps: int, seed: int
) -> np.ndarray:
    """Whether each rate diverges, for one network and one set of examples.

    `f = V phi(N(W x)) / n` with `phi = tanh`, `N` a normalizer over the examples, over the units or
    none, and `n` units and inputs; normal examples and targets, half the mean squared error, both
    kernels at one rate times `n`, as in the paper's mean-field parameterization.

    Args:
        rates: shape (rates,).
        arm: of `ARMS`.
    """
    axis, draw = ARMS[arm], np.random.default_rng(seed)
    x, y = draw.normal(size=(examples, width)), draw.normal(size=(examples, 1))
    first = np.repeat(draw.normal(size=(1, width, width)) / width**0.5, len(rates), 0)
    second = np.repeat(draw.normal(size=(1, width, 1)), len(rates), 0)
    alive, worst = np.arange(len(rates)), np.full(len(rates), np.inf)
    limit = np.inf
    for step in range(steps):
        z = x @ first
        u, scale = z, np.ones(())
        if axis is not None:
            centred = z - z.mean(axis=axis, keepdims=True)
            scale = np.sqrt(np.square(centred).mean(axis=axis, keepdims=True) + EPSILON)
            u = centred / scale
        h = np.tanh(u)
        error = h @ second / width - y
        losses = 0.5 * np.square(error).mean(axis=(1, 2))
        limit = LARGE * losses[0] if step == 0 else limit
        slope = error / examples
        through = slope @ np.swapaxes(second, 1, 2) / width * (1 - h * h)
        if axis is not None:
            along = (through * u).mean(axis=axis, keepdims=True)
            through = (through - through.mean(axis=axis, keepdims=True) - u * along) / scale
        kept = losses < limit
        move = (width * rates[alive])[:, None, None]
        second = (second - move * (np.swapaxes(h, 1, 2) @ slope) / width)[kept]
        first = (first - move * (x.T @ through))[kept]
        alive = alive[kept]
        if not len(alive):
            break
    worst[alive] = 0.0
    return ~np.isfinite(worst)


def zoom(
    arm: str, width: int, examples: int, steps: int, points: int, levels: int, by: float, seed: int
) -> dict[str, Any]:
    """The verdicts along a line of rates, and again around a change of verdict, ever finer.

    The first line reaches over a factor of 16 around the first rate that diverges among powers of
    two, each other one over a `by`-th of the line before, around the middle one of its changes.

    Returns:
        `centre` of the first line; by level `reach` (in the natural logarithm of the rate),
        `changes` of verdict between neighbours, and `share` of rates that diverge.
    """
    about = (arm, width, examples, steps, seed)
    coarse = 2.0 ** np.arange(-6, 14)
    bad = diverges(coarse, *about)
    centre = float(np.log(coarse[np.argmax(bad)])) if bad.any() else float("nan")
    found: dict[str, Any] = {"centre": float(np.exp(centre)), "reach": [], "changes": []}
    found["share"], reach = [], float(np.log(16))
    for _ in range(levels if bad.any() else 0):
        line = centre + reach * np.linspace(-0.5, 0.5, points)
        bad = diverges(np.exp(line), *about)
        places = np.flatnonzero(bad[1:] != bad[:-1])
        found["reach"].append(reach)
        found["changes"].append(len(places))
        found["share"].append(float(bad.mean()))
        if not len(places):
            break
        middle = places[len(places) // 2]
        centre, reach = float(line[middle : middle + 2].mean()), reach / by
    return found
