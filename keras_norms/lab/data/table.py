"""The data sets and their arguments, known without a framework.

Any set of TensorFlow Datasets may be named, so only the arguments are declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_norms.lab.specs import (
    Argument,
    Chosen,
    Kind,
    Table,
    choose,
    flag,
    one_of,
    read,
    real,
    share,
    whole,
    word,
)

TEST, VALIDATION = "test", "validation"
# What is done with images, whoever gives them.
IMAGES: dict[str, Argument] = {
    "binary": flag(False),
    "part": real(1.0, lambda value: 0 < value <= 1, "a share in (0, 1]"),
    "examples": whole(0),
    "test_examples": whole(0),
    "size": whole(0),
    "validation": share(0.0),
    "evaluate_on": one_of(TEST, VALIDATION),
    "flip": flag(False),
    "crop": whole(0),
    "reshuffle": flag(True),
    "batch_classes": whole(0),
}
STREAMS: dict[str, Argument] = {
    "version": word(""),
    "stream": flag(False),
    "distorted": flag(False),
}
GENERATED = "generated"  # a stream of random images
DOCS = "docs"  # characters of Python's documentation
TEXTS: dict[str, Argument] = {"context": whole(64, least=2), "characters": whole(0)}
OF_TEXTS = ("part", "examples", "test_examples", "validation", "evaluate_on", "reshuffle")
# They say which batches come, which no program is compiled for.
EACH_EPOCH = ("reshuffle", "batch_classes")
MOVED = ("flip", "crop")
PIXELS = {"digits": 64, DOCS: 64, "mnist": 784, GENERATED: 224 * 224}
USUAL_PIXELS = 1024  # of a set that nothing is known of


def choose_data(text: str, name: str = "data") -> Chosen:
    """The data set of a spec; see `lab.specs.choose`."""
    term = read(name, text)[0].name
    chosen = choose(name, text, _table(term), IMAGES)
    if chosen.name == GENERATED:
        chosen.arguments["stream"] = True
    return chosen


def is_stream(data: Chosen) -> bool:
    """Whether its images come batch by batch, and not from memory."""
    return bool(data.arguments.get("stream"))


def pixels(data: Chosen) -> int:
    """Of an image, roughly, for a price."""
    size = data.arguments["size"]
    return size * size if size else PIXELS.get(data.name, USUAL_PIXELS)


def _table(name: str) -> Table:
    if name == GENERATED:
        return {name: Kind(check=_check_stream)}
    if name == DOCS:
        return {name: Kind(TEXTS, check=_check_text)}
    return {name: Kind({} if name == "digits" else STREAMS, check=_check)}


def _check_text(arguments: Mapping[str, Any]) -> None:
    _check(arguments)
    for name in IMAGES:
        if name not in OF_TEXTS and arguments[name] != IMAGES[name].default:
            raise ValueError(f"{name} is of images: leave it out")


def _check(arguments: Mapping[str, Any]) -> None:
    if arguments.get("stream"):
        _check_stream(arguments)
    elif arguments.get("distorted"):
        raise ValueError("distorted=true is of streams: write stream=true as well")
    if abs(1 / arguments["part"] - round(1 / arguments["part"])) > 1e-6:
        raise ValueError(
            f"part={arguments['part']} must be one over a whole number, as 0.1: every tenth image"
        )
    if arguments["evaluate_on"] == VALIDATION and not arguments["validation"]:
        raise ValueError("evaluate_on=validation needs a share, as in validation=0.1")
    if arguments["batch_classes"] and not arguments["reshuffle"]:
        raise ValueError("batch_classes draws each batch anew: leave reshuffle=false out")


def _check_stream(arguments: Mapping[str, Any]) -> None:
    for name, argument in IMAGES.items():
        if name not in ("reshuffle", "size") and arguments[name] != argument.default:
            raise ValueError(f"{name} is of images in memory, and a stream has none: leave it out")
