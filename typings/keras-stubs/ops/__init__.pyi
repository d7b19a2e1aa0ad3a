"""Keras annotates no operation: what a checker infers from its sources are the backends' accidents."""

from typing import Any

def __getattr__(name: str) -> Any: ...
