"""Adaptive gradient clipping (Brock et al. 2021)."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from keras_norms.kernels import at_least, scaled_squares
from keras_norms.weights.kernels import filter_axes, kernels_of

Tensor = Any
Exclusion = str | Sequence[str] | Callable[[keras.Variable], bool] | None

HEAD = "head"


@keras.saving.register_keras_serializable(package="keras_norms")
class AdaptiveGradientClipping(keras.optimizers.Optimizer):
    """Wraps an optimizer: clips each unit's gradient in proportion to the unit's weights.

    With `G` the gradient of one unit and `W` its weights:

        G <- clipping * max(||W||, epsilon) / ||G|| * G

    wherever `||G|| / max(||W||, epsilon) > clipping`.

    A unit of a kernel is one filter (equation 3); a vector or a scalar is one unit as a whole, as
    in the authors' code. A clipped gradient has exactly the allowed norm, any other is untouched.
    Learning rate, state and everything else are those of the wrapped optimizer.

        model.compile(AdaptiveGradientClipping("sgd", clipping=0.01), "mse")

    From a variable alone the last axis is that of the units: right for Dense and convolutions. For
    depthwise and transposed ones, pass `unit_axes=unit_axes(model)`.

    Under mixed precision Keras puts its loss scaling around this optimizer, so that unscaled
    gradients are clipped. With `gradient_accumulation_steps` in the wrapped optimizer each small
    batch's gradient is clipped, before it is added up.

    Args:
        optimizer: the one to wrap: name, config or instance.
        clipping: largest ratio of gradient norm to weight norm, above 0. 0.01 suits large
            batches, small batches take more (Section 4.1).
        epsilon: least norm that weights count with, above 0, so that zeros can move.
        exclude: what is not clipped. `"head"`: the last linear layer, taken to be that of the last
            variable of at least two axes. Names: of layers or variables, any part of
            `variable.path`. A function of the variable. None: nothing.
        unit_axes: the axes of one unit by `variable.path`, where they are not all but the last.
        norm_type: which norm of a unit, of gradient and weights alike: `p` of at least 1 for
            `sum(|x|^p)^(1/p)`, or infinity for the largest size. The paper's is 2.

    Raises:
        ValueError: `clipping`, `epsilon` or `norm_type` out of range, an optimizer with loss
            scaling of its own, or a name that no variable has.

    Reference: Brock, De, Smith & Simonyan 2021, arXiv 2102.06171, Section 4.
    """

    def __init__(
        self,
        optimizer: Any,
        clipping: float = 0.01,
        epsilon: float = 1e-3,
        exclude: Exclusion = HEAD,
        unit_axes: Mapping[str, Sequence[int]] | None = None,
        name: str | None = None,
        norm_type: float = 2.0,
    ) -> None:
        for argument, value in (("clipping", clipping), ("epsilon", epsilon)):
            number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not number or not 0 < value < float("inf"):
                raise ValueError(
                    f"Argument `{argument}` must be a finite number above 0. "
                    f"Received: {argument}={value!r}"
                )
        number = isinstance(norm_type, numbers.Real) and not isinstance(norm_type, bool)
        if not number or not norm_type >= 1:
            raise ValueError(
                "Argument `norm_type` must be a number of at least 1, or infinity. "
                f"Received: norm_type={norm_type!r}"
            )
        inner: Any = keras.optimizers.get(optimizer)
        scaled = getattr(inner, "loss_scale_factor", None) is not None
        if scaled or isinstance(inner, keras.optimizers.LossScaleOptimizer):
            raise ValueError(
                f"Argument `optimizer` ({inner.name!r}) scales the loss, so its gradients are too "
                "large to be compared with weights. Put the LossScaleOptimizer around "
                "AdaptiveGradientClipping instead; compile() does so by itself."
            )
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = inner
        self.clipping = float(clipping)
        self.epsilon = float(epsilon)
        self.norm_type = float(norm_type)
        self.exclude = (
            exclude if isinstance(exclude, str) or callable(exclude) else exclude and list(exclude)
        )
        self.unit_axes = {path: list(axes) for path, axes in (unit_axes or {}).items()}
        self._excluded: frozenset[str] = frozenset()

    def build(self, variables: Sequence[keras.Variable]) -> None:
        self._excluded = frozenset(_excluded_paths(list(variables), self.exclude))
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[keras.Variable]:
        return self._variables + self.inner_optimizer.variables

    @property
    def learning_rate(self) -> Any:
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def iterations(self) -> Any:
        return self.inner_optimizer.iterations

    def apply(
        self, grads: Sequence[Tensor], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        if not self.built:
            with keras.name_scope(self.name):
                self.build(trainable_variables or ())
        known = self._trainable_variables if trainable_variables is None else trainable_variables
        clipped = [self.clip(g, v) for g, v in zip(grads, known, strict=True)]
        self.inner_optimizer.apply(clipped, trainable_variables)

    def clip(self, gradient: Tensor | None, variable: keras.Variable) -> Tensor | None:
        """The gradient that the wrapped optimizer gets to see for a variable."""
        if gradient is None or variable.path in self._excluded:
            return gradient
        if getattr(variable, "overwrite_with_gradient", False):  # a scale, not a gradient
            return gradient
        upstream: Tensor = ops.convert_to_tensor(gradient)
        rank = len(variable.shape)
        axes = self.unit_axes.get(variable.path, range(rank - 1) if rank > 1 else range(rank))
        dtype = "float64" if variable.dtype == "float64" else "float32"
        weights = ops.cast(ops.convert_to_tensor(variable), dtype)
        scale, unit, squares = scaled_squares(weights, tuple(axes))
        length = _length(unit, squares, tuple(axes), self.norm_type)
        allowed = self.clipping * at_least(scale * length, self.epsilon)
        given = ops.cast(upstream, dtype)
        scale, direction, squares = scaled_squares(given, tuple(axes))
        # Compared and clipped by the scale: the norm itself may overflow.
        length = _length(direction, squares, tuple(axes), self.norm_type)
        factor = allowed / ops.where(length > 0, length, 1)
        clipped = ops.where(length > allowed / scale, direction * factor, given)
        return ops.cast(clipped, upstream.dtype)

    def finalize_variable_values(self, var_list: Sequence[keras.Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        exclude = self.exclude
        if callable(exclude):
            exclude = keras.saving.serialize_keras_object(exclude)
        elif exclude is not None and not isinstance(exclude, str):
            exclude = list(exclude)
        return {
            "name": self.name,
            "optimizer": keras.saving.serialize_keras_object(self.inner_optimizer),
            "clipping": self.clipping,
            "epsilon": self.epsilon,
            "exclude": exclude,
            "unit_axes": {path: list(axes) for path, axes in self.unit_axes.items()},
            "norm_type": self.norm_type,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> AdaptiveGradientClipping:
        config = dict(config)
        for key in ("optimizer", "exclude"):
            if isinstance(config.get(key), Mapping):
                config[key] = keras.saving.deserialize_keras_object(config[key], custom_objects)
        return cls(**config)


def unit_axes(model: keras.Model) -> dict[str, list[int]]:
    """The axes of one unit, by path, of those kernels whose units are not their last axis.

    Args:
        model: a built model, or a layer.
    """
    found = {}
    for layer in model._flatten_layers():
        for name, kernel in kernels_of(layer).items():
            axes = list(filter_axes(layer, name))
            if axes != list(range(len(kernel.shape) - 1)):
                found[kernel.path] = axes
    return found


def _length(z: Tensor, squares: Tensor, axes: tuple[int, ...], norm_type: float) -> Tensor:
    """The norm along `axes` of `z`, of which `squares` is the sum of squares."""
    if norm_type == 2:
        return ops.sqrt(squares)
    sizes = ops.abs(z)
    largest = ops.max(sizes, axis=axes, keepdims=True) if axes else sizes
    if math.isinf(norm_type):
        return largest
    # By the largest: no power overflows.
    shares = (sizes / ops.where(largest > 0, largest, 1)) ** norm_type
    return largest * (ops.sum(shares, axis=axes, keepdims=True) if axes else shares) ** (
        1 / norm_type
    )


def _excluded_paths(variables: Sequence[keras.Variable], exclude: Exclusion) -> list[str]:
    if exclude is None:
        return []
    if callable(exclude):
        return [v.path for v in variables if exclude(v)]
    if exclude == HEAD:
        kernels = [v.path for v in variables if len(v.shape) > 1]
        last = kernels[-1] if kernels else ""
        # Of the kernel's own layer and of a layer that wraps it.
        folders = [(v.path, v.path.rpartition("/")[0]) for v in variables]
        return [path for path, folder in folders if folder and last.startswith(folder + "/")]
    names = [exclude] if isinstance(exclude, str) else exclude
    for name in names:
        if not any(_bears(v, name) for v in variables):
            raise ValueError(
                f"Argument `exclude` names {name!r}, which is part of no variable's path: "
                f"{', '.join(v.path for v in variables)}."
            )
    return [v.path for v in variables if any(_bears(v, name) for name in names)]


def _bears(variable: keras.Variable, name: str) -> bool:
    return f"/{name}/" in f"/{variable.path}/"
