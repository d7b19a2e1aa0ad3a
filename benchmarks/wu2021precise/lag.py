"""Statistics for inference: moving averages while the weights move, and means over fixed ones."""

from __future__ import annotations

import numpy as np

BATCHES = 200  # that moving averages have seen
ARMS = ("moving average", "precise")


def errors(batch: int, momentum: float, step: float, samples: list[int], seed: int) -> dict:
    """Relative root mean square errors of mean and standard deviation against all data's.

    A linear layer of 32 rectified inputs and 64 units; its kernel moves by `step` times its length
    at each batch, in one random direction.

    Args:
        batch: examples of a batch.
        momentum: of the moving averages, without bias towards their first values.
        step: relative, of the kernel.
        samples: how many examples precise statistics are taken of, at the last kernel.

    Returns:
        "moving average", the error of both statistics together; "precise", one a number of
        samples; `unbiased` and `biased`, the mean variance of batches of 2 over the data's.
    """
    draw = np.random.default_rng(seed)
    mixing = draw.normal(size=(32, 32)) / 32**0.5
    data = np.maximum(draw.normal(size=(4096, 32)) @ mixing, 0)
    kernel, direction = draw.normal(size=(2, 32, 64))
    direction *= np.linalg.norm(kernel) / np.linalg.norm(direction)
    whole = data @ kernel
    wanted = whole.mean(axis=0), whole.std(axis=0)

    def error(mean: np.ndarray, variance: np.ndarray) -> float:
        off = np.stack([mean - wanted[0], np.sqrt(variance) - wanted[1]]) / wanted[1]
        return float(np.sqrt(np.square(off).mean()))

    def drawn(number: int, at: np.ndarray, size: int = batch) -> tuple[np.ndarray, np.ndarray]:
        """Mean and unbiased variance of each batch."""
        x = data[draw.integers(len(data), size=(number, size))] @ at
        return x.mean(axis=1), x.var(axis=1, ddof=1)

    past = np.arange(BATCHES - 1, -1, -1)
    each = [drawn(1, kernel - step * back * direction) for back in past]
    share = momentum**past / (momentum**past).sum()
    means, variances = (np.concatenate(one) for one in zip(*each, strict=True))
    precise = []
    for number in samples:
        mean, variance = drawn(number // batch, kernel)
        precise.append(error(mean.mean(axis=0), variance.mean(axis=0)))
    _, of_two = drawn(4000, kernel, 2)
    ratio = float((of_two.mean(axis=0) / wanted[1] ** 2).mean())
    moving = error(share @ means, share @ variances)
    return {ARMS[0]: moving, ARMS[1]: precise, "unbiased": ratio, "biased": ratio / 2}
