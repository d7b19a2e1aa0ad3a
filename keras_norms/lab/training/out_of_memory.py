"""Turn out-of-memory errors of each backend into a BadInput that names the setting to reduce."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from keras_norms.lab.errors import BadInput

# TensorFlow's and torch's have a type; JAX's, and torch's on a CPU, are known by what they say.
TYPES = ("MemoryError", "OutOfMemoryError", "ResourceExhaustedError")
WORDS = ("resource_exhausted", "out of memory", "can't allocate memory", "not enough memory")


@contextlib.contextmanager
def enough_memory(name: str, value: object, purpose: str) -> Iterator[None]:
    """Raises BadInput for `name=value` where memory runs out inside, which is for `purpose`."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise BadInput(
            f"{name}={value!r} needs more memory for {purpose} than there is: write a smaller one "
            f"({reason})"
        ) from error


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error of a backend says that memory ran out."""
    types = {kind.__name__ for kind in type(error).__mro__}
    said = str(error).lower()
    return not types.isdisjoint(TYPES) or any(words in said for words in WORDS)
