"""Terms against a table of names: which names there are, and which arguments they take."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from keras_norms.schemes.spec import POSITIONAL, Term


def bind(term: Term, parameters: Sequence[str], argument: str = "spec") -> Term:
    """The term with the value that has no key given to the first of `parameters`.

    Args:
        term: as `parse` gives it.
        parameters: the keys that it may have, in the order of the signature.
        argument: what errors call the spec.

    Raises:
        ValueError: a key that is none of them, with the nearest ones.
    """
    given = dict(term.arguments)
    if POSITIONAL in given:
        value = given.pop(POSITIONAL)
        if not parameters or parameters[0] in given:
            how = f"{parameters[0]!r} is given as well" if parameters else "it has no arguments"
            raise ValueError(
                f"Argument `{argument}`={str(term)!r}: {value!r} has no key, and {how}."
            )
        given[parameters[0]] = value
    for key in given:
        require_known("argument", key, parameters, str(term), argument)
    return Term(term.name, given, term.inner)


def require_known(
    what: str, value: str, valid: Collection[str], spec: str, argument: str = "spec"
) -> None:
    """Refuse a value that is not valid.

    Raises:
        ValueError: with the nearest valid ones.
    """
    if value in valid:
        return
    near = difflib.get_close_matches(value, valid, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise ValueError(
        f"Argument `{argument}`={spec!r} has an unknown {what} {value!r}. {hint}"
        f"Valid: {', '.join(valid) or 'none at all'}."
    )
