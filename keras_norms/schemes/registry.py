"""All normalizers by name, as their classes say of themselves."""

from __future__ import annotations

import re

import keras

# Every layer registers itself when it is imported.
from keras_norms import layers as layers
from keras_norms import weights as weights
from keras_norms.layers.registration import REGISTRY as REGISTRY
from keras_norms.layers.registration import Entry as Entry
from keras_norms.schemes.binding import bind, require_known
from keras_norms.schemes.spec import Spec, Term

_SAID = re.compile(r"(norm|normali[sz]ation)?([123]d)?$")


def names() -> list[str]:
    """Names of all schemes, among them `"none"`."""
    return sorted([*REGISTRY, "none"])


def normalizer_class(name: str) -> type[keras.layers.Layer] | None:
    """The layer class behind a name; None for `"none"`."""
    return None if name == "none" else REGISTRY[name].kind


def bound(spec: Spec) -> Spec:
    """The spec with every name and argument checked, and first arguments called by their keys.

    Raises:
        ValueError: an unknown name or argument, with the nearest valid ones.
    """
    return Spec(_bound(term, str(spec)) for term in spec)


def known_as(name: str) -> str:
    """The registered name that is meant by `name`, as by "bn", "BatchNorm2d" or "batch_norm"."""
    if name in REGISTRY or name == "none":
        return name
    meant = _plain(name)
    for known, entry in REGISTRY.items():
        called = {known, entry.kind.__name__, *entry.also}
        if meant in {_plain(each) for each in called}:
            return known
    return name


def _plain(name: str) -> str:
    """Without case, underscores and what says no more than that it is a layer of some rank."""
    return _SAID.sub("", name.lower().replace("_", "").replace("-", "")) or name.lower()


def _bound(term: Term, spec: str) -> Term:
    name = known_as(term.name)
    require_known("name", name, names(), spec)
    entry = REGISTRY.get(name)
    if term.inner is not None and not (entry and entry.around):
        raise ValueError(
            f"Argument `spec`={spec!r}: {term.name!r} takes no parenthesis. Write its arguments "
            f"behind a colon, as in 'group:8'. Received: {str(term)!r}"
        )
    inner = None if term.inner is None else bound(term.inner)
    return bind(Term(name, term.arguments, inner), entry.arguments if entry else ())
