"""From the images of a set to those of a run: thinned, drawn, split, shrunk, standardized."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_norms.lab.data.images import ImageData, binarized, standardized
from keras_norms.lab.data.table import VALIDATION
from keras_norms.lab.errors import BadInput

# Of the draws, which no run's seed changes: every run of a data set sees the same images.
SUBSET, SPLIT = 0, 1

Pair = tuple[np.ndarray, np.ndarray]
Prepare = Callable[[str, Pair, Pair, int], ImageData]


@dataclass(frozen=True)
class Preparation:
    """What the arguments of a data set's spec ask for.

    In order: every `1 / part`-th image, to train and to test on; `examples` and `test_examples` of
    them, drawn once for all runs; the share `validation` of those to train on set aside, likewise,
    and read instead of the test set with `evaluate_on=validation`; means over squares of pixels,
    so that `size` remain, or every pixel repeated up to `size`; the training images' mean 0 and
    deviation 1 in each channel, or zeros and ones with `binary`.

    Attributes:
        text: the spec.
        arguments: see `lab.data.table.IMAGES`.
    """

    text: str
    arguments: Mapping[str, Any]

    def __call__(self, name: str, train: Pair, test: Pair, classes: int) -> ImageData:
        """The data, from images and labels as they are stored.

        Raises:
            BadInput: more examples than there are, or a size that neither divides the
                images' nor is a multiple of it.
        """
        asked = self.arguments
        train, test = self.selected(train, test)
        if asked["size"]:
            train, test = ((self._resized(x), y) for x, y in (train, test))
        prepare = binarized if asked["binary"] else standardized
        return prepare(self.text, train, test, classes)

    def selected(self, train: Pair, test: Pair) -> tuple[Pair, Pair]:
        """The examples to train and to test on, as they are stored."""
        asked = self.arguments
        every = round(1 / asked["part"])
        train, test = ((x[::every], y[::every]) if every > 1 else (x, y) for x, y in (train, test))
        train = self._drawn("examples", train)
        test = self._drawn("test_examples", test)
        if asked["validation"]:
            train, held_out = self._split(train)
            test = held_out if asked["evaluate_on"] == VALIDATION else test
        return train, test

    def _drawn(self, which: str, pair: Pair) -> Pair:
        wanted, there = self.arguments[which], len(pair[1])
        if wanted > there:
            raise BadInput(
                f"Invalid data={self.text!r}: {which}={wanted} is more than the {there} that there "
                "are: write fewer"
            )
        if not wanted:
            return pair
        return _taken(pair, np.random.default_rng(SUBSET).permutation(there)[:wanted])

    def _split(self, pair: Pair) -> tuple[Pair, Pair]:
        """What is left to train on, and what is set aside."""
        there = len(pair[1])
        aside = round(self.arguments["validation"] * there)
        if not 0 < aside < there:
            raise BadInput(
                f"Invalid data={self.text!r}: validation={self.arguments['validation']} sets "
                f"{aside} of {there} images aside: write a share that leaves some on both sides"
            )
        order = np.random.default_rng(SPLIT).permutation(there)
        return _taken(pair, order[aside:]), _taken(pair, order[:aside])

    def _resized(self, images: np.ndarray) -> np.ndarray:
        """Means of equal squares, or every pixel repeated: nothing is interpolated."""
        size, (examples, height, width, channels) = self.arguments["size"], images.shape
        if size % height == size % width == 0:
            return images.repeat(size // height, axis=1).repeat(size // width, axis=2)
        if height % size or width % size:
            raise BadInput(
                f"Invalid data={self.text!r}: size={size} neither divides images of {height}x"
                f"{width} pixels nor is a multiple of them"
            )
        squares = (examples, size, height // size, size, width // size, channels)
        return images.reshape(squares).mean(axis=(2, 4), dtype=np.float32)


def _taken(pair: Pair, which: np.ndarray) -> Pair:
    which = np.sort(which)
    return pair[0][which], pair[1][which]
