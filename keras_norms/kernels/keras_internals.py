"""What the library takes from Keras and Keras does not export: here alone, each with a substitute.

Keras moves its inner modules without notice. Where a name is gone the substitute keeps the package
importable and its layers exact; what is lost then is written beside each.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import keras


def _find(module: str, name: str, substitute: Any) -> Any:
    try:
        return getattr(import_module(f"keras.src.{module}"), name)
    except (ImportError, AttributeError):
        return substitute


def _nothing(*_: Any) -> Any:
    return None


def _as_it_is(*_: Any) -> AbstractContextManager:
    return nullcontext()


# AutocastScope(None): variables as they are stored inside a mixed precision layer. Lost without it:
# a weight normalizer starts from its kernel in half precision.
AutocastScope: Callable[..., AbstractContextManager] = _find(
    "backend.common.variables", "AutocastScope", _as_it_is
)

# SafeModeScope(False): a Lambda layer may be made again from its config, since its function runs
# here already. Lost without it: surgery refuses models with Lambda layers, with Keras's own words.
SafeModeScope: Callable[..., AbstractContextManager] = _find(
    "saving.serialization_lib", "SafeModeScope", _as_it_is
)

# get_global_attribute("current_call_ctx"): the model that calls a layer. Lost without it: a layer
# whose `trainable` changes after compile() cannot make its model trace the step again, or warn.
get_global_attribute: Callable[[str], Any] = _find(
    "backend.common.global_state", "get_global_attribute", _nothing
)

# Functional: what runs a graph. Lost without it: a model whose class has a call of its own
# is no longer told from a plain one, and loses that call where surgery makes it again.
Functional: Any = _find("models.functional", "Functional", keras.Model)


def keras_mask(tensor: Any) -> Any:
    """The mask that Keras hands along on a symbolic tensor, or None."""
    return getattr(tensor, "_keras_mask", None)


def torch_device() -> Any:
    """Where Keras puts torch's tensors. Lost without it: accelerators, for what asks here."""
    return _find("backend.torch.core", "get_device", lambda: "cpu")()


def takes_a_graph(kind: type) -> bool:
    """Whether a class of models is made by inputs and outputs alone, as Keras tells it."""
    constructor = inspect.getfullargspec(kind.__init__)
    alone = constructor.args[1:] == ["inputs", "outputs", "name"]
    return alone or bool(constructor.varargs and constructor.varkw)
