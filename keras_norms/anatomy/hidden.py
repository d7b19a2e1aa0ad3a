"""Which layers cannot be watched: what they compute does not leave a part of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import keras

Layers = Mapping[str, keras.layers.Layer]

WHERE = "inside a compiled loop or a part that is computed again"


def hidden(layers: Layers, watch: Callable[[Layers], object]) -> list[str]:
    """Those of the layers whose values cannot be taken out of a forward pass, by path.

    Backends have no common sign of it but the error when it is tried, so each is tried alone. None
    where the pass fails without any of them: then it is the model or the inputs that are wrong.

    Args:
        layers: by path.
        watch: a forward pass that takes out the values of the layers given to it.
    """

    def seen(some: Layers) -> bool:
        try:
            watch(some)
        except Exception:
            return False
        return True

    if not seen({}):
        return []
    return [path for path, layer in layers.items() if not seen({path: layer})]


def hidden_note(paths: Iterable[str]) -> str:
    """What a report or a warning says of hidden layers with moving statistics."""
    return (
        f"The statistics of {', '.join(map(repr, paths))} cannot be taken: the model calls them "
        f"{WHERE}. They stay as they are. A recurrent layer can be unrolled (unroll=True) for it; "
        "on torch nothing is hidden."
    )
