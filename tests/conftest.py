"""Quiet backends, and an end to what they keep. All else is imported where it is used."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True, scope="module")
def _forget() -> Iterator[None]:
    """Keras keeps every function that it traced: after thousands of tests, gigabytes."""
    yield
    if keras := sys.modules.get("keras"):
        keras.backend.clear_session()
    gc.collect()
