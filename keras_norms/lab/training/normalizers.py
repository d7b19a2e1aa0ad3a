"""The normalizer of a run: its canonical text, and the scheme itself."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import read
from keras_norms.lab.user_object import is_user_object, load
from keras_norms.schemes.spec import POSITIONAL, Spec, Term

if TYPE_CHECKING:
    from keras_norms.schemes import Scheme


def canonical(text: str) -> str:
    """One text for all specs that are the same, and a check of it where Keras is running.

    Keras is imported for a value without a key, as in "group:8", whose key only its layer knows.

    Raises:
        BadInput: a spec that cannot be read or, where Keras is running, that cannot be.
    """
    terms = read("normalizer", text)
    if any(is_user_object(term.name) for term in terms):
        if len(terms) > 1:
            raise BadInput(f"Invalid normalizer={text!r}: your own cannot be joined by '+'")
        return str(terms[0])
    if "keras" in sys.modules or any(POSITIONAL in term.arguments for term in terms):
        return str(scheme(text))
    return str(Spec(term for term in terms if term.name != "none")) or "none"


@lru_cache(256)
def scheme(text: str) -> Scheme:
    """The scheme that a canonical text describes.

    Raises:
        BadInput: an unknown name or argument, or a value that the normalizer refuses.
    """
    from keras_norms import schemes

    terms = read("normalizer", text)
    try:
        if is_user_object(terms[0].name):
            return schemes.get(_made_by(terms[0]))
        return schemes.get(text)
    except ValueError as error:
        raise BadInput(f"Invalid normalizer={text!r}: {error}") from error


def _made_by(term: Term):
    make = load("normalizer", term.name)
    return lambda: make(**term.arguments)
