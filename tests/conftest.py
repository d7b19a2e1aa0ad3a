"""Quiet backends. Everything else that tests share is imported where it is used."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
