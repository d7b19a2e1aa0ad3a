"""The table of all normalizers, made from the registry: `python -m keras_norms.schemes.table`."""

from __future__ import annotations

import keras

from keras_norms.schemes.registry import REGISTRY
from keras_norms.schemes.scheme import NamedScheme
from keras_norms.schemes.spec import parse

HEADER = ("layer", "spec", "paper", "batch-dependent", "weights besides kernel and bias")
CHANNELS = 64


def table() -> str:
    """A Markdown table with a row for each registered normalizer."""
    lines = [HEADER, ["---"] * len(HEADER), *map(_row, sorted(REGISTRY))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(name: str) -> list[str]:
    entry = REGISTRY[name]
    spec = f"{name}({entry.around})" if entry.around else name
    depends = "yes" if getattr(entry.kind, "batch_dependent", False) else "no"
    return [f"`{entry.kind.__name__}`", f"`{spec}`", entry.paper, depends, _weights(spec) or "none"]


def _weights(spec: str) -> str:
    """The weights of a block that its linear layer alone would not have."""
    block = NamedScheme(parse(spec))(keras.layers.Conv2D(CHANNELS, 3), "relu")
    inputs = keras.Input((8, 8, CHANNELS))
    model = keras.Model(inputs, block(inputs))
    inner = [layer for outer in block.layers for layer in outer._flatten_layers()]
    linear = [layer for layer in inner if isinstance(layer, keras.layers.Conv2D)]
    known = {id(weight) for layer in linear for weight in layer.weights}
    trained, remembered = (
        [_said(weight) for weight in weights if id(weight) not in known]
        for weights in (model.trainable_weights, model.non_trainable_weights)
    )
    parts = [", ".join(trained)]
    parts += [f"remembers {', '.join(remembered)}"] if remembered else []
    return "; ".join(filter(None, parts))


def _said(weight: keras.Variable) -> str:
    if tuple(weight.shape) == (CHANNELS,):
        return weight.name
    sizes = ", ".join(map(str, weight.shape)) or "1"
    return f"{weight.name} ({sizes})".replace(str(CHANNELS), "C")


if __name__ == "__main__":
    print(table())
