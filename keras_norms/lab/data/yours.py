"""A data set of the user: an object, or a function that gives one."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_norms.lab.data.images import ImageData
from keras_norms.lab.data.preparation import Preparation
from keras_norms.lab.data.table import IMAGES
from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import Chosen
from keras_norms.lab.user_object import load

FORMS = (
    "((x_train, y_train), (x_test, y_test)), images of shape (examples, height, width, channels)"
)


def load_yours(chosen: Chosen, prepare: Preparation) -> ImageData:
    """Arrays as Keras's own data sets give them, prepared like others.

    Args:
        chosen: the spec; arguments that are not of `Preparation` go to the function.
        prepare: its preparation.

    Raises:
        BadInput: what is named gives something else.
    """
    found = load("data", chosen.name)
    if callable(found):
        own = {key: value for key, value in chosen.arguments.items() if key not in IMAGES}
        found = found(**own)
    try:
        (x_train, y_train), (x_test, y_test) = found
        train, test = _arrays(x_train, y_train), _arrays(x_test, y_test)
    except (TypeError, ValueError) as error:
        raise BadInput(f"Invalid data={chosen.text!r}: it must give {FORMS} ({error})") from error
    return prepare(chosen.text, train, test, int(train[1].max()) + 1)


def _arrays(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x), np.asarray(y).reshape(-1)
    x = x[..., None] if x.ndim == 3 else x
    if x.ndim != 4 or len(x) != len(y) or not np.issubdtype(y.dtype, np.integer) or y.min() < 0:
        raise ValueError(f"x of shape {x.shape}, y of {len(y)} {y.dtype} from {y.min()}")
    return x, y
