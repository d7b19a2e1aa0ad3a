"""Keras's optimizers by spec, each with the learning rate as a variable of its own."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import Chosen
from keras_norms.lab.training.options import SHARED
from keras_norms.lab.user_object import is_user_object, load


def make(chosen: Chosen, model: keras.Model, rate: Any = 1.0) -> keras.optimizers.Optimizer:
    """The optimizer of a spec for `model`, new.

    Decay is decoupled (Loshchilov & Hutter 2019): `w -= learning_rate decay w` beside the step, of
    kernels alone, which are what has rank 2 or more. Muon orthogonalizes the steps of matrices and
    is Adam, at `adam_rate` times the learning rate, for all else.

    Args:
        chosen: the spec.
        model: whose variables it will step.
        rate: the learning rate, a number or a schedule of Keras.

    Raises:
        BadInput: what the user named is no optimizer.
    """
    own = {key: value for key, value in chosen.arguments.items() if key not in SHARED}
    if is_user_object(chosen.name):
        return _yours(chosen, own, rate)
    made = MAKERS[chosen.name](rate, **own)
    if made.weight_decay:
        rest = [variable for variable in model.trainable_variables if len(variable.shape) < 2]
        made.exclude_from_weight_decay(var_list=rest)
    return made


def _sgd(rate: Any, **given: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(rate, **given)


def _adam(rate: Any, **given: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(rate, **given)


def _adamw(rate: Any, decay: float, **given: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.AdamW(rate, weight_decay=decay, **given)


def _lion(rate: Any, decay: float, **given: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.Lion(rate, weight_decay=decay or None, **given)


def _muon(
    rate: Any, decay: float, iterations: int, adam_rate: float, **given: Any
) -> keras.optimizers.Optimizer:
    return keras.optimizers.Muon(
        rate,
        weight_decay=decay or None,
        adam_weight_decay=decay or None,
        ns_steps=iterations,
        adam_lr_ratio=adam_rate,
        **given,
    )


MAKERS = {"sgd": _sgd, "adam": _adam, "adamw": _adamw, "lion": _lion, "muon": _muon}


def _yours(chosen: Chosen, own: dict[str, Any], rate: Any) -> keras.optimizers.Optimizer:
    made = load("optimizer", chosen.name)(**own)
    if not isinstance(made, keras.optimizers.Optimizer):
        raise BadInput(
            f"Invalid optimizer={chosen.text!r}: it gives {type(made).__name__}; return a "
            "keras.optimizers.Optimizer"
        )
    made.learning_rate = rate
    return made
