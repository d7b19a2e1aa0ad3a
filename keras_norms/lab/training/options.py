"""Optimizers and initializers and their arguments, known without a framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_norms.lab.specs import (
    Argument,
    Kind,
    at_least_zero,
    flag,
    one_of,
    positive,
    share,
    whole,
)

PARTS = ("all", "body", "kernels")
# What every optimizer has, and a program takes as arguments rather than being compiled for; of the
# L2 weight only whether there is one is compiled.
SHARED: dict[str, Argument] = {
    "l2": at_least_zero(0.0),
    "applies_to": one_of(*PARTS),
    "rest_rate": at_least_zero(0.1),
}
MOMENTS: dict[str, Argument] = {
    "beta_1": share(0.9),
    "beta_2": share(0.999),
    "epsilon": positive(1e-7),
}


def _check_sgd(arguments: Mapping[str, Any]) -> None:
    if arguments["nesterov"] and not arguments["momentum"]:
        raise ValueError("nesterov=true looks ahead along the momentum: write momentum=0.9 as well")


OPTIMIZERS: dict[str, Kind] = {
    "sgd": Kind({"momentum": share(0.0), "nesterov": flag(False)}, check=_check_sgd),
    "adam": Kind(MOMENTS),
    "adamw": Kind({"decay": at_least_zero(0.01), **MOMENTS}),
    "lion": Kind({"beta_1": share(0.9), "beta_2": share(0.99), "decay": at_least_zero(0.0)}),
    "muon": Kind(
        {
            "momentum": share(0.95),
            "nesterov": flag(True),
            "iterations": whole(5, least=1),
            "adam_rate": at_least_zero(1.0),
            "decay": at_least_zero(0.0),
        }
    ),
}

_GAIN = {"gain": positive(1.0)}
INITIALIZERS: dict[str, Kind] = {
    "default": Kind(),
    "he": Kind(_GAIN),
    "xavier": Kind(_GAIN),
    "lecun": Kind(_GAIN),
    "orthogonal": Kind(_GAIN),
}
