"""Internal covariate shift: what a step of the preceding layers does to a layer's gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_norms.probes.network import Network


def covariate_shift(
    network: Network, x: Any, y: Any, kernels: Sequence[keras.Variable], step: float
) -> list[dict[str, float]]:
    """The gradient in each kernel before and after what stands before it has taken its step.

    With `G` the gradient at the weights `w`, and `G'` the one at which every trainable weight in
    front of the kernel is `w - step g`, and the kernel itself and all behind it still `w`. In front
    are those that come before it in `model.trainable_variables`: in a network without branches the
    layers before its own.

    Args:
        network: of the model.
        x, y: the batch of both gradients.
        kernels: trainable variables of the model.
        step: the learning rate.

    Returns:
        For each kernel `gradient`, the norm of `G`; `shift`, that of `G - G'`; and `cosine` of the
        angle between them, 1 where one of them is zero.

    Reference: Santurkar et al. 2018, arXiv 1805.11604, Definition 2.1.
    """
    places = {id(variable): k for k, variable in enumerate(network.model.trainable_variables)}
    weights, gradients = network.weights(), network.look(x, y).gradients
    stepped = [w - np.asarray(step, w.dtype) * g for w, g in zip(weights, gradients, strict=True)]
    found = []
    for kernel in kernels:
        place = places[id(kernel)]
        there = network.look(x, y, [*stepped[:place], *weights[place:]]).gradients[place]
        found.append(_compared(gradients[place].astype(float), there.astype(float)))
    return found


def _compared(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    lengths = float(np.linalg.norm(before)), float(np.linalg.norm(after))
    product = lengths[0] * lengths[1]
    cosine = float((before * after).sum()) / product if product else 1.0
    return {
        "gradient": lengths[0],
        "shift": float(np.linalg.norm(before - after)),
        "cosine": cosine,
    }
