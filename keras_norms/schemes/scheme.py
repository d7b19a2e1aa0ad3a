"""A scheme: how normalizers attach to a linear layer and its activation."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import keras

from keras_norms.layers.placement import activation_layers, channel_axis
from keras_norms.schemes.block import Block
from keras_norms.schemes.linear import require_bare, without_useless_bias
from keras_norms.schemes.registry import REGISTRY, bound
from keras_norms.schemes.spec import Spec, Term


class Scheme:
    """How normalizers attach to a linear layer and its activation.

    Attributes:
        name: name of the normalizer in the registry, or of its class; several joined by "+".
    """

    name: str

    def __call__(self, linear: keras.layers.Layer, activation: Any = None) -> Block:
        """The block of `linear`, this scheme's normalizers and `activation`.

        Args:
            linear: layer without an activation of its own, not built yet. Its bias is dropped
                where the normalizer after it makes it useless.
            activation: name, callable, layer, or None.

        Raises:
            ValueError: `linear` has an activation, or is built with a bias that must go.
        """
        require_bare(linear)
        following = self.follow(linear, activation)
        return Block([self.wrap(without_useless_bias(linear, following)), *following])

    def wrap(self, linear: keras.layers.Layer) -> keras.layers.Layer:
        """The linear layer, or what takes its place."""
        return linear

    def follow(self, linear: keras.layers.Layer, activation: Any) -> list[keras.layers.Layer]:
        """The layers after the linear one."""
        raise NotImplementedError

    def serialize(self) -> dict[str, Any]:
        """A JSON-ready dict from which `get` makes the same scheme again."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"Scheme({str(self)!r})"


class NamedScheme(Scheme):
    """Registered normalizers: at most one of activations and one of weights.

    Raises:
        ValueError: an unknown name or argument, two of one kind, or arguments that a normalizer
            refuses.
    """

    def __init__(self, spec: Spec) -> None:
        self.terms = [term for term in bound(spec) if term.name != "none"]
        self.name = "+".join(term.name for term in self.terms) or "none"
        normalizers, reparameterizations = [], []
        for term in self.terms:
            of_kind = REGISTRY[term.name].normalizes_activations
            (normalizers if of_kind else reparameterizations).append(term)
        for what, several in (
            ("activation normalizer", normalizers),
            ("weight reparameterization", reparameterizations),
        ):
            if len(several) > 1:
                raise ValueError(
                    f"Argument `spec`={str(self)!r} has more than one {what}: "
                    f"{', '.join(term.name for term in several)}. Keep one, joined by '+' to at "
                    "most one of the other kind."
                )
        ordered = [*reparameterizations, *normalizers]
        self._wraps = [term for term in ordered if REGISTRY[term.name].wrap is not None]
        self._follow = next((term for term in ordered if term not in self._wraps), None)
        # A trial block, so that wrong arguments are found where the spec is written. Initializers
        # draw their seeds from `random`, whose state is the caller's.
        state = random.getstate()
        try:
            trial = keras.layers.Dense(1)
            self.wrap(trial)
            self.follow(trial, "relu")
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"Argument `spec`={str(self)!r}: {error}") from error
        finally:
            random.setstate(state)

    def wrap(self, linear: keras.layers.Layer) -> keras.layers.Layer:
        for term in self._wraps:
            entry: Any = REGISTRY[term.name]
            linear = entry.wrap(linear, **self._arguments(term))
        return linear

    def follow(self, linear: keras.layers.Layer, activation: Any) -> list[keras.layers.Layer]:
        if self._follow is None:
            return activation_layers(activation)
        entry: Any = REGISTRY[self._follow.name]
        return entry.follow(linear, activation, **self._arguments(self._follow))

    @staticmethod
    def _arguments(term: Term) -> dict[str, Any]:
        return {**term.arguments, **({"inner": term.inner} if term.inner else {})}

    def serialize(self) -> dict[str, Any]:
        return {"spec": str(self)}

    def __str__(self) -> str:
        return "+".join(map(str, self.terms)) or "none"


class LayerScheme(Scheme):
    """Copies of a layer that the user gave, between the linear layer and its activation."""

    def __init__(self, template: keras.layers.Layer) -> None:
        self.template = template
        self.name = type(template).__name__

    def follow(self, linear: keras.layers.Layer, activation: Any) -> list[keras.layers.Layer]:
        config = {k: v for k, v in self.template.get_config().items() if k != "name"}
        if config.get("axis") == -1:
            config["axis"] = channel_axis(linear)
        return [type(self.template).from_config(config), *activation_layers(activation)]

    def serialize(self) -> dict[str, Any]:
        return {"layer": keras.saving.serialize_keras_object(self.template)}

    def __str__(self) -> str:
        return self.name


class FunctionScheme(Scheme):
    """Layers that a function of the user makes, between the linear layer and its activation."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self.make = make
        self.name = getattr(make, "__name__", type(make).__name__)

    def follow(self, linear: keras.layers.Layer, activation: Any) -> list[keras.layers.Layer]:
        made = self.make()
        if not isinstance(made, keras.layers.Layer):
            raise ValueError(
                f"Argument `spec`={self.name} is a function that made {made!r}, which is no Keras "
                "layer. Return a new layer at each call."
            )
        return [made, *activation_layers(activation)]

    def serialize(self) -> dict[str, Any]:
        raise ValueError(
            f"The scheme {self.name!r} is made by a function, which cannot be serialized. Use a "
            "spec string, a layer or a layer class."
        )

    def __str__(self) -> str:
        return self.name
