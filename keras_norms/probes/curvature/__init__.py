"""How steeply the gradient changes: the largest eigenvalue of the Gauss-Newton matrix."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_norms.probes.curvature.lanczos import largest_eigenvalue
from keras_norms.probes.curvature.losses import LOSSES

MATRICES = ("gauss_newton", "hessian")
ROUNDING = 1e-3  # how far from 1 the sum of probabilities may be


@dataclass(frozen=True)
class Largest:
    """The largest eigenvalue of a matrix of curvature.

    Attributes:
        lambda_max: the eigenvalue; NaN where the loss or its derivatives are not finite.
        iterations: products with the matrix that it took.
        residual: `|A v - lambda_max v| / lambda_max` of its unit vector, which bounds the
            relative distance to the nearest eigenvalue.
        loss: at the same weights, on the same data. Where it is far above `ln(classes)`, softmax
            is saturated and the Gauss-Newton matrix nearly zero: it then says nothing of stability.
    """

    lambda_max: float
    iterations: int
    residual: float
    loss: float


class Curvature:
    """Products with a model's Gauss-Newton matrix or Hessian, which itself is never formed.

    With the Jacobian `J` of the outputs in the trainable weights and the Hessian `H` of the mean
    loss in the outputs

        gauss_newton = J^T H J         hessian = gauss_newton + sum of loss slope * output's Hessian

    For cross-entropy the first is the Fisher matrix, and never negative. The model runs as in
    training: normalizers by the statistics of these data, dropout with one mask. Neither its
    weights nor its moving averages change, and its own losses (regularizers) are left out.

    Args:
        model: built model with one output: an array of shape (examples, ..., classes).
        x: all inputs, as one batch.
        y: class numbers or one-hot rows; of the outputs' shape for the squared error.
        loss: "crossentropy" or "mean_squared_error", the mean over the examples, as Keras's.
        from_logits: whether the outputs are logits, and not the probabilities of a softmax.
        matrix: "gauss_newton" or "hessian".

    Raises:
        ValueError: an unknown name; a model that is not built or has several outputs; `y` that
            does not fit; outputs that are probabilities where logits are said, or no probabilities.
    """

    def __init__(
        self,
        model: keras.Model,
        x: Any,
        y: Any,
        *,
        loss: str = "crossentropy",
        from_logits: bool = True,
        matrix: str = "gauss_newton",
    ) -> None:
        _require("loss", loss, tuple(LOSSES))
        _require("matrix", matrix, MATRICES)
        if not model.built:
            raise ValueError(f"Model '{model.name}' has no weights yet; call it on data first.")
        x = keras.tree.map_structure(ops.convert_to_tensor, x)
        self._model, self._x = model, x
        outputs = self._outputs()
        if keras.tree.is_nested(outputs):
            raise ValueError(
                f"Model '{model.name}' has {len(keras.tree.flatten(outputs))} outputs; give one "
                "with a single output, as keras.Model(model.input, model.outputs[0])."
            )
        self._loss = LOSSES[loss](y, tuple(outputs.shape), from_logits)
        if loss == "crossentropy":
            _require_kind(ops.convert_to_numpy(outputs), from_logits)
        backend = importlib.import_module(f"{__name__}.{keras.config.backend()}")
        self._product = getattr(backend, matrix)(model, x, self._loss)

    @property
    def size(self) -> int:
        """The number of trainable weights: the matrix has as many rows."""
        return sum(int(np.prod(v.shape)) for v in self._model.trainable_variables)

    def loss(self) -> float:
        """The mean loss at the model's present weights."""
        return float(self._loss.value(self._outputs()))

    def product(self, direction: np.ndarray) -> np.ndarray:
        """The matrix at the model's present weights times a vector of `size` numbers, float64.

        The vector lists the values of `model.trainable_variables` one after the other.
        """
        pieces, start = [], 0
        for variable in self._model.trainable_variables:
            stop = start + int(np.prod(variable.shape))
            piece = np.reshape(direction[start:stop], tuple(variable.shape))
            pieces.append(ops.convert_to_tensor(piece, variable.dtype))
            start = stop
        images = self._product(pieces)
        return np.concatenate(
            [np.ravel(ops.convert_to_numpy(image)).astype(np.float64) for image in images]
        )

    def largest(self, *, tolerance: float = 1e-3, iterations: int = 100, seed: int = 0) -> Largest:
        """The largest eigenvalue at the model's present weights, by Lanczos.

        Args:
            tolerance: of the residual, relative to the eigenvalue.
            iterations: products at most; as many vectors of `size` numbers are kept. Where they
                end before the tolerance is met, the residual tells.
            seed: of the first vector.

        Raises:
            ValueError: a tolerance that is not positive, or no iterations.
        """
        if not tolerance > 0:
            raise ValueError(f"Argument `tolerance` must be positive. Received: {tolerance}")
        if iterations < 1:
            raise ValueError(f"Argument `iterations` must be at least 1. Received: {iterations}")
        loss = self.loss()
        if not np.isfinite(loss):  # a rectifier's gradient may hide what is not a number
            return Largest(float("nan"), 0, float("nan"), loss)
        found = largest_eigenvalue(
            self.product, self.size, tolerance=tolerance, iterations=iterations, seed=seed
        )
        return Largest(*found, loss)

    def _outputs(self) -> Any:
        model = self._model
        weights = [variable.value for variable in model.trainable_variables]
        rest = [variable.value for variable in model.non_trainable_variables]
        outputs = model.stateless_call(weights, rest, self._x, training=True)[0]
        return keras.tree.map_structure(ops.stop_gradient, outputs)


def _require(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(
            f"Argument `{name}` must be one of {', '.join(map(repr, known))}. "
            f"Received: {name}={value!r}"
        )


def _require_kind(outputs: np.ndarray, from_logits: bool) -> None:
    sums = outputs.sum(axis=-1)
    probabilities = outputs.min() >= 0 and np.allclose(sums, 1, atol=ROUNDING)
    if probabilities and from_logits:
        raise ValueError(
            "The model's outputs are probabilities: they are not negative and add up to 1. "
            "Write from_logits=False. Received: from_logits=True"
        )
    if not probabilities and not from_logits:
        raise ValueError(
            "The model's outputs are no probabilities: each example's must not be negative and "
            f"add up to 1, and the sums lie between {sums.min():.3g} and {sums.max():.3g}. "
            "Write from_logits=True. Received: from_logits=False"
        )
