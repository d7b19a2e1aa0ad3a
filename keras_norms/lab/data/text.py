"""Characters of Python's own documentation, which every installation brings."""

from __future__ import annotations

import numpy as np

from keras_norms.lab.data.images import ImageData
from keras_norms.lab.data.preparation import Preparation
from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import Chosen

TESTED = 0.1  # of the text, its end


def docs(chosen: Chosen, prepare: Preparation) -> ImageData:
    """The language reference that `help()` shows (`pydoc_data.topics`), cut into pieces.

    Example i holds `context` characters, as numbers, and as labels the characters that follow each.
    The last tenth of the text is tested on; `characters` is how much is trained on, from the
    beginning, 0 being the rest. The text depends on the version of Python.

    Raises:
        BadInput: more characters than there are, or too few for an example.
    """
    from pydoc_data.topics import topics

    text = np.array([ord(c) for name in sorted(topics) for c in topics[name]], np.int32)
    known, numbers = np.unique(text, return_inverse=True)
    numbers = numbers.astype(np.int32)
    context, wanted = chosen.arguments["context"], chosen.arguments["characters"]
    split = round((1 - TESTED) * len(numbers))
    if not context < (wanted or split) <= split:
        raise BadInput(
            f"Invalid data={chosen.text!r}: characters={wanted} must be more than context="
            f"{context} and at most the {split} that there are"
        )
    train, test = prepare.selected(
        _pieces(numbers[: wanted or split], context), _pieces(numbers[split:], context)
    )
    return ImageData(chosen.text, *train, *test, len(known))


def _pieces(numbers: np.ndarray, context: int) -> tuple[np.ndarray, np.ndarray]:
    examples = (len(numbers) - 1) // context
    x, y = (numbers[first : first + examples * context] for first in (0, 1))
    return x.reshape(examples, context), y.reshape(examples, context)
