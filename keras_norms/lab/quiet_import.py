"""Imports Keras without its backend's greeting on stderr.

TensorFlow's libraries write log lines while they load, before any setting could silence them, so
the descriptor itself is turned away for that long. What went wrong is still shown.
"""

from __future__ import annotations

import os
import sys
import tempfile


def import_keras() -> None:
    """Does nothing where Keras is imported already."""
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
