"""What a normalizer says of itself: its name in specs, its paper, its place and its traits.

    @normalizer("group", paper="Wu & He 2018")
    class GroupNormalization(AffineNormalization): ...

The registry holds what was said; whoever goes through all normalizers reads it. A module of
`keras_norms.layers` or `keras_norms.weights` need not be named anywhere to be in it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras

from keras_norms.layers.arguments import arguments_of
from keras_norms.layers.base import Normalization
from keras_norms.layers.placement import Layers, before_activation

Kind = typing.TypeVar("Kind", bound=type[keras.layers.Layer])


@dataclass(frozen=True)
class Entry:
    """A row of the registry.

    Attributes:
        kind: the layer class.
        paper: author and year.
        follow: `(linear, activation, **arguments)` to the layers that come after the linear one,
            the activation among them or absorbed. None where the linear layer is wrapped.
        wrap: `(linear, **arguments)` to the layer that takes the linear one's place. None where
            layers follow it.
        around: an example of the spec that it takes in parentheses; empty where it takes none.
        also: its abbreviations.
    """

    kind: type[keras.layers.Layer]
    paper: str
    follow: Callable[..., Layers] | None = None
    wrap: Callable[..., keras.layers.Layer] | None = None
    around: str = ""
    also: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """Names of the constructor arguments, in order; the wrapped layer is not one of them."""
        # In a spec the first is the one that a value without a key is meant for.
        own = arguments_of(self.kind)  # pyright: ignore[reportArgumentType]
        known = [*(name for name in own if name != "layer"), "dtype", "trainable"]
        return sorted(known, key=lambda key: key == "axis")

    @property
    def normalizes_activations(self) -> bool:
        """Whether outputs are normalized, be it by a layer around the linear one."""
        return issubclass(self.kind, Normalization)


REGISTRY: dict[str, Entry] = {}


def normalizer(
    name: str,
    *,
    paper: str,
    follow: Callable[..., Layers] = before_activation,
    wrap: Callable[..., keras.layers.Layer] | None = None,
    around: str = "",
    also: tuple[str, ...] = (),
    **traits: bool,
) -> Callable[[Kind], Kind]:
    """Register a layer class under a name; its other traits are attributes of the class.

    Args:
        name: in specs.
        paper: author and year.
        follow: `(kind, linear, activation, **arguments)` to the layers after the linear one.
        wrap: `(kind, linear, **arguments)` to the layer around the linear one, instead.
        around: an example of the spec that it takes in parentheses.
        also: what it is called for short, as in "bn".
        **traits: attributes to set on the class, such as `needs_space=True`.

    Raises:
        ValueError: the name has another class.
    """

    def register(kind: Kind) -> Kind:
        known = REGISTRY.get(name)
        if known is not None and known.kind.__qualname__ != kind.__qualname__:
            raise ValueError(
                f"Argument `name`={name!r} is taken by {known.kind.__name__}. Choose another."
            )
        for trait, value in {"spec_name": name, "paper": paper, **traits}.items():
            setattr(kind, trait, value)
        REGISTRY[name] = Entry(
            kind,
            paper,
            follow=None if wrap else functools.partial(follow, kind),
            wrap=functools.partial(wrap, kind) if wrap else None,
            around=around,
            also=also,
        )
        return kind

    return register


def discovered(package: str, path: Iterable[str]) -> dict[str, type[keras.layers.Layer]]:
    """The registered classes of all modules of a package, by their own names."""
    for module in pkgutil.iter_modules(path):
        importlib.import_module(f"{package}.{module.name}")
    kinds = [entry.kind for entry in REGISTRY.values()]
    return {kind.__name__: kind for kind in kinds if kind.__module__.startswith(f"{package}.")}
