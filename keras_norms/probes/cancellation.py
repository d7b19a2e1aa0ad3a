"""How much of the gradient of a kernel's entry cancels in its sum over images and places."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_norms.probes.network import Signal


def kernel_sums(
    layer: keras.layers.Layer,
    signal: Signal,
    entries: int,
    draw: np.random.Generator,
    gradient: np.ndarray | None = None,
) -> dict[str, list[float]]:
    """Sums of the terms of the gradient in some entries of a convolution's kernel.

    With `d[b, x, y] = dL/dO[b, x, y, co] I[b, s x + i, s y + j, ci]`, whose sum over all is the
    gradient in `K[i, j, ci, co]`,

        a = sum_bxy |d|     b = sum_b |sum_xy d|     c = sum_xy |sum_b d|     d = |sum_bxy d|

    so that `a >= b >= d` and `a >= c >= d`.

    Args:
        layer: a Conv2D with padding "same", channels last, without groups or dilation.
        signal: of the layer.
        entries: how many entries are drawn.
        draw: them.
        gradient: of the whole kernel by automatic differentiation, to compare with `d`.

    Returns:
        `a`, `b`, `c`, `d`, an entry each, and `gradient`, its magnitude, where it is given.

    Raises:
        ValueError: another layer.

    Reference: Bjorck et al. 2018, arXiv 1806.02375, Table 1.
    """
    _require_plain(layer)
    padded = _padded(signal.input, layer.kernel_size, layer.strides)
    shape = (*layer.kernel_size, signal.input.shape[-1], signal.gradient.shape[-1])
    found: dict[str, list[float]] = {name: [] for name in "abcd"}
    found |= {} if gradient is None else {"gradient": []}
    for _ in range(entries):
        i, j, into, out = (int(draw.integers(size)) for size in shape)
        terms = _terms(padded, signal.gradient[..., out], (i, j), into, layer.strides)
        found["a"].append(float(np.abs(terms).sum()))
        found["b"].append(float(np.abs(terms.sum(axis=(1, 2))).sum()))
        found["c"].append(float(np.abs(terms.sum(axis=0)).sum()))
        found["d"].append(float(np.abs(terms.sum())))
        if gradient is not None:
            found["gradient"].append(float(np.abs(gradient[i, j, into, out])))
    return found


def _terms(
    padded: np.ndarray,
    gradient: np.ndarray,
    place: tuple[int, int],
    channel: int,
    strides: tuple[int, int],
) -> np.ndarray:
    """`d` of an entry, shape (batch, height, width), float64."""
    rows, columns = (
        slice(start, start + step * size, step)
        for start, step, size in zip(place, strides, gradient.shape[1:], strict=True)
    )
    return gradient.astype(np.float64) * padded[:, rows, columns, channel]


def _padded(x: np.ndarray, kernel: tuple[int, int], strides: tuple[int, int]) -> np.ndarray:
    """Images with the zeros of "same", and as many more behind as a slice may ask for."""
    pads = [(0, 0)]
    for size, width, step in zip(x.shape[1:3], kernel, strides, strict=True):
        total = max((-(-size // step) - 1) * step + width - size, 0)
        pads.append((total // 2, total - total // 2 + step))
    return np.pad(x, [*pads, (0, 0)])


def _require_plain(layer: Any) -> None:
    plain = isinstance(layer, keras.layers.Conv2D) and layer.padding == "same"
    plain = plain and layer.groups == 1 and layer.data_format == "channels_last"
    if not (plain and set(layer.dilation_rate) == {1}):
        raise ValueError(
            f"Argument `layer` ({layer.name!r}) must be a Conv2D with padding='same', channels "
            "last, one group and no dilation."
        )
