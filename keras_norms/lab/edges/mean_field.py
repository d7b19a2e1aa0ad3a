"""The curvature of a wide rectified network at initialization, by a recursion over its layers."""

from __future__ import annotations

import math
from collections.abc import Sequence


def eigenvalue_bound(
    fan_in: Sequence[int],
    sigma_w2: Sequence[float],
    *,
    q: float = 1.0,
    q_xy: float = 0.0,
    gamma: float | None = None,
) -> float:
    """A lower bound of the Fisher matrix's largest eigenvalue, in expectation over the weights.

    Fully connected layers with rectifiers, the last one linear; weights of layer l normal with
    variance `sigma_w2[l] / fan_in[l]`, biases zero. With the second moment `q` and the overlap of
    two examples `q_xy` of what enters a layer, `c = q_xy / q` after it, forward

        rectifier             q/2,        q / (2 pi) * (sqrt(1 - c^2) + c pi/2 + c asin c)
        normalized before it  gamma^2/2,  gamma^2 / (2 pi)

    and backward, from 1 at an output, with the next layer's `sigma_w2`

        rectifier             sigma_w2 b/2,               sigma_w2 b_xy / (2 pi) * (pi/2 + asin c)
        normalized before it  sigma_w2 gamma^2 b/(2 q),   sigma_w2 gamma^2 b_xy / (4 q)

    the bound is the sum over layers of `fan_in * q_xy * b_xy`. It is that of one output whose loss
    has second derivative 1. For softmax cross-entropy near zero logits, where the Hessian in the
    logits is `(I - 1 1^T / C) / C`, divide by the number of classes C.

    With a normalizer the recursion is no bound. It divides by the second moment of what is
    normalized, where the variance over the batch is smaller by 1 - 1/pi, so that it does not see
    the gradient grow by pi / (pi - 1) a layer (Yang et al. 2019): measured eigenvalues of deep
    networks lie orders of magnitude above it. And it holds the batch's statistics fixed, whose own
    gradient takes the mean over the batch out of every slope: those of shallow, wide networks lie
    below it, near the head's term alone.

    Args:
        fan_in: of each layer from the first to the head.
        sigma_w2: likewise; 2 is He et al.'s.
        q: mean square of the inputs.
        q_xy: mean product of two examples' inputs.
        gamma: of batch normalization before each rectifier; None without.

    Reference: Wei, Stokes & Schwab 2019, arXiv 1903.02606, Claim 3.1 and its recursions;
    Yang et al. 2019, arXiv 1902.08129.
    """
    entering, passed = [q_xy], []  # overlaps entering each layer; slopes' overlap in each rectifier
    for variance in sigma_w2[:-1]:
        before, before_xy = variance * q, variance * q_xy
        if gamma is None:
            c = min(before_xy / before, 1.0)
            angle = math.asin(c)
            q = before / 2
            q_xy = before / (2 * math.pi) * (math.sqrt(1 - c * c) + c * (math.pi / 2 + angle))
            passed.append((math.pi / 2 + angle) / (2 * math.pi))
        else:
            q, q_xy = gamma**2 / 2, gamma**2 / (2 * math.pi)
            passed.append(gamma**2 / (4 * before))
        entering.append(q_xy)
    back_xy, total = 1.0, 0.0
    for layer in reversed(range(len(fan_in))):
        total += fan_in[layer] * entering[layer] * back_xy
        if layer:
            back_xy *= sigma_w2[layer] * passed[layer - 1]
    return total
