"""The specs of a run's fields, read once each."""

from __future__ import annotations

import functools

from keras_norms.lab.data.table import choose_data
from keras_norms.lab.models.table import MODELS
from keras_norms.lab.specs import Chosen, choose
from keras_norms.lab.training.options import INITIALIZERS, OPTIMIZERS, PARTS, SHARED
from keras_norms.schemes.spec import Term, parse_term


@functools.lru_cache(1024)
def _model(text: str) -> Chosen:
    return choose("model", text, MODELS)


@functools.lru_cache(1024)
def _optimizer(text: str) -> Chosen:
    found = choose("optimizer", text, OPTIMIZERS, SHARED)
    if found.arguments["applies_to"] == PARTS[0]:
        # There is no rest, whose rate then says nothing.
        text = without(found, "rest_rate")
        found = Chosen(
            found.name, {**found.arguments, "rest_rate": SHARED["rest_rate"].default}, text
        )
    return found


CHOOSERS = {
    "model": _model,
    "data": functools.lru_cache(1024)(choose_data),
    "optimizer": _optimizer,
    "initializer": functools.lru_cache(64)(lambda text: choose("initializer", text, INITIALIZERS)),
}


def without(chosen: Chosen, *keys: str) -> str:
    """The text of a spec without some of its arguments."""
    term = parse_term(chosen.text)
    kept = {key: value for key, value in term.arguments.items() if key not in keys}
    return str(Term(term.name, kept))
