"""Models of the experiments, all made of units: none of them knows a normalizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras

from keras_norms import schemes
from keras_norms.lab.errors import BadInput
from keras_norms.lab.models.inception import inception
from keras_norms.lab.models.mlp import mlp
from keras_norms.lab.models.plain import convolutions_a_stage, plain
from keras_norms.lab.models.resnet import blocks_a_stage, resnet

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

MODELS: dict[str, Callable[..., keras.Model]] = {
    "inception": inception,
    "mlp": mlp,
    "plain": plain,
    "resnet": resnet,
}


def require(model: str, *, depth: int, activation: str) -> None:
    """Raises BadInput for what no data can mend: all that a run can be told before it starts."""
    if model not in MODELS:
        raise BadInput(f"model={model!r} is unknown: write one of {sorted(MODELS)}")
    try:
        keras.activations.get(activation)
        if model == "plain":
            convolutions_a_stage(depth)
        if model == "resnet":
            blocks_a_stage(depth)
    except ValueError as error:
        raise BadInput(f"model={model!r}, activation={activation!r}: {error}") from error


def build(run: Run, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """The model of a run: images in, logits out, weights drawn from Python's `random`.

    Raises:
        BadInput: a normalizer or an input shape that the model cannot have.
    """
    try:
        return MODELS[run.model](
            schemes.get(run.normalizer),
            depth=run.depth,
            width=run.width,
            input_shape=input_shape,
            classes=classes,
            activation=run.activation,
            dropout=run.dropout,
        )
    except ValueError as error:
        raise BadInput(
            f"model={run.model!r} of depth={run.depth}, width={run.width} with "
            f"normalizer={run.normalizer!r} cannot be built: {error}"
        ) from error
