"""Models of the experiments, all made of schemes' units: none of them knows a normalizer."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.models.table import MODELS as MODELS
from keras_norms.lab.models.table import SCALED_RELU
from keras_norms.lab.specs import Chosen
from keras_norms.lab.user_object import is_user_object, load

if TYPE_CHECKING:
    import keras

    from keras_norms.schemes import Scheme


def build(model: Chosen, scheme: Scheme, input_shape: tuple[int, ...], classes: int) -> keras.Model:
    """A model: examples in, logits out, weights drawn from Python's `random`.

    A function of the user gets its own arguments, and `scheme`, `input_shape` and `classes` where
    it has parameters of these names.

    Raises:
        BadInput: a normalizer or an input shape that the model cannot have.
    """
    given = {"scheme": scheme, "input_shape": input_shape, "classes": classes}
    builder = _builder(model)
    if is_user_object(model.name):
        given = _those_it_takes(builder, given, model, scheme)
    try:
        return builder(**given, **_with_functions(model.arguments))
    except ValueError as error:
        raise BadInput(
            f"Invalid model={model.text!r}: with normalizer={str(scheme)!r} and examples of shape "
            f"{input_shape} it cannot be built: {error}"
        ) from error


def _with_functions(arguments: dict[str, Any]) -> dict[str, Any]:
    """Where the activation is none of Keras's, the function instead of its name."""
    if arguments.get("activation") != SCALED_RELU:
        return arguments
    from keras_norms.normfree import scaled_relu

    return {**arguments, "activation": scaled_relu}


def _builder(model: Chosen) -> Callable[..., Any]:
    if is_user_object(model.name):
        return load("model", model.name)
    module, _, function = MODELS[model.name].builder.partition(":")
    return getattr(importlib.import_module(module), function)


def _those_it_takes(
    builder: Callable[..., Any], given: dict[str, Any], model: Chosen, scheme: Scheme
) -> dict[str, Any]:
    parameters = inspect.signature(builder).parameters
    taken = {name: value for name, value in given.items() if name in parameters}
    if "scheme" not in taken and str(scheme) != "none":
        raise BadInput(
            f"Invalid model={model.text!r}: it has no parameter `scheme`, so that "
            f"normalizer={str(scheme)!r} has no effect: leave it out, or take `scheme` and call "
            "`scheme(linear, activation)`"
        )
    return taken
