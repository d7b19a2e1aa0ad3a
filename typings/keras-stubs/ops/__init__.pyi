"""Keras annotates no operation: what a checker infers from its source is accident."""

from typing import Any

def __getattr__(name: str) -> Any: ...
