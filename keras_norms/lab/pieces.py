"""A command in pieces: in their order, as far as the minutes reach, and on the next time."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keras_norms.lab.carrying_out import Place, carry_out
from keras_norms.lab.dry_run import left
from keras_norms.lab.errors import BadInput, BadOption
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.walk import Walk


@dataclass(frozen=True)
class Piece:
    """One experiment, and what is expected of it before anything was measured.

    Attributes:
        name: of its folder.
        make: the experiment with its options.
        minutes: that it takes in all, estimated.
        gib: of memory that it needs at most, estimated.
    """

    name: str
    make: Callable[[], Experiment]
    minutes: float
    gib: float


def in_pieces(
    pieces: Sequence[Piece], place: Place, *, minutes: float, scale: str, command: str
) -> list[Path]:
    """Does the pieces until the minutes are over; each has a page in a folder of its own.

    A piece that cannot be done is named in a warning, and the next one is begun.

    Raises:
        BadInput: none of them can be.
    """
    end, pages, refused = time.monotonic() + 60 * minutes, [], []
    for piece in pieces:
        seconds = end - time.monotonic()
        if seconds <= 0:
            print(f"{piece.name}: not begun, the time is up")
            continue
        own = replace(place, out=place.out / piece.name, storage=place.records)
        try:
            page = carry_out(
                [piece.make()], own, page="report", scale=scale, command=command, seconds=seconds
            )
            pages.append(page)
        except BadInput as error:
            refused.append(f"{piece.name}: {error}")
            warnings.warn(refused[-1], stacklevel=2)
    if refused and not pages:
        raise BadInput("; ".join(refused))
    return pages


def announced(pieces: Sequence[Piece], ledger: Ledger) -> Iterator[str]:
    """Lines about each piece; nothing is done or written."""
    for piece in pieces:
        walk = Walk(piece.make(), ledger)
        missing = walk.missing()
        done = len(walk.found.jobs) - len(missing)
        later = f", and at most {walk.expected} more by what they find" if walk.expected else ""
        yield f"{piece.name}: {walk.experiment.title()}"
        yield f"  estimated: {piece.minutes:g} minutes in all, at most {piece.gib:g} GiB"
        yield f"  {done} of {len(walk.found.jobs)} jobs done{later}"
        yield f"  {left(walk, ledger, 1)}"


def chosen_pieces(pieces: Sequence[Piece], names: Sequence[str] | None) -> list[Piece]:
    """The pieces of these names, all of them for None, in their own order.

    Raises:
        BadOption: a name that none has.
    """
    known = [piece.name for piece in pieces]
    for name in names or ():
        if name not in known:
            raise BadOption("only", name, f"write some of {', '.join(known)}")
    return [piece for piece in pieces if names is None or piece.name in names]
