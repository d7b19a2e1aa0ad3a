"""Models of the experiments, all made of units: none of them knows a normalizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras

from keras_norms import schemes
from keras_norms.lab.errors import BadInput
from keras_norms.lab.models.inception import inception
from keras_norms.lab.models.mlp import mlp
from keras_norms.lab.models.resnet import resnet

if TYPE_CHECKING:
    from keras_norms.lab.training.run import Run

MODELS: dict[str, Callable[..., keras.Model]] = {
    "inception": inception,
    "mlp": mlp,
    "resnet": resnet,
}


def build(run: Run, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """The model of a run: images in, logits out, weights drawn from Python's `random`.

    Raises:
        BadInput: an unknown model, or a depth, width or activation that it cannot have.
    """
    if run.model not in MODELS:
        raise BadInput(f"model={run.model!r} is unknown: write one of {sorted(MODELS)}")
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
