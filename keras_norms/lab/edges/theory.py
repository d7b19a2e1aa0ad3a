"""What theory says the largest stable learning rate is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_norms.lab.edges.mean_field import eigenvalue_bound

if TYPE_CHECKING:
    from keras_norms.lab.data import ImageData
    from keras_norms.lab.training import Run

HE = 2.0  # variance of He et al.'s weights, times their fan-in


def maximal_learning_rate(lambda_max: float, momentum: float = 0.0) -> float:
    """`2 (1 + momentum) / lambda_max`: above it heavy-ball descent leaves a quadratic's minimum.

    For full batches, near a minimum, of a loss whose Hessian keeps its largest eigenvalue
    `lambda_max`; infinite where that is zero. Everything else is an extrapolation.

    Reference: Wei, Stokes & Schwab 2019, arXiv 1903.02606.
    """
    return 2 * (1 + momentum) / lambda_max if lambda_max else math.inf


@dataclass(frozen=True)
class Inputs:
    """What the recursion has to know of the data.

    Attributes:
        size: numbers in an example.
        classes: outputs of the network.
        q: mean square of an example's numbers.
        q_xy: mean product of those of two examples.
    """

    size: int
    classes: int
    q: float
    q_xy: float

    @classmethod
    def of(cls, data: ImageData, examples: int) -> Inputs:
        """Of the first so many training images."""
        x = data.x_train[:examples].reshape(examples, -1).astype(np.float64)
        gram = x @ x.T / x.shape[1]
        own, all_pairs = float(np.trace(gram)), float(gram.sum())
        q_xy = (all_pairs - own) / (examples * (examples - 1))
        return cls(x.shape[1], data.classes, own / examples, q_xy)


def mean_field_eigenvalue(run: Run, inputs: Inputs) -> float | None:
    """The recursion's largest eigenvalue for a run's network, for cross-entropy near zero logits.

    None where the recursion does not apply: it knows fully connected rectified networks without a
    normalizer and with batch normalization.
    """
    normalizer, model = run.normalizer.partition(":")[0], run.of("model")
    known = model.name == "mlp" and model.arguments["activation"] == "relu"
    if not known or normalizer not in ("none", "batch"):
        return None
    depth, width = model.arguments["depth"], model.arguments["width"]
    glorot = 2 * width / (width + inputs.classes)
    bound = eigenvalue_bound(
        [inputs.size, *[width] * depth],
        [*[HE] * depth, glorot],
        q=inputs.q,
        q_xy=inputs.q_xy,
        gamma=1.0 if normalizer == "batch" else None,
    )
    return bound / inputs.classes


def inputs_of(data: str, examples: int) -> dict[str, Any]:
    """`Inputs.of` a data set by its spec, JSON-ready: the computation that a study asks for."""
    from keras_norms.lab import data as sets

    return asdict(Inputs.of(sets.load(data), examples))
