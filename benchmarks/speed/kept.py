"""What a backward pass keeps alive.

torch     the tensors that autograd saves, each storage once, without the layer's weights; the input
          is one of them where it is saved
JAX       the temporary memory of the compiled program, forward and backward, as XLA plans it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from benchmarks.speed import layer_sides, network_sides
from benchmarks.speed.cells import Cell
from benchmarks.speed.passes import in_training, pulled

MIB = 2.0**20


def by_layer(cell: Cell) -> dict[str, float]:
    """MiB by side."""
    x = layer_sides.inputs(cell)
    return _mib(layer_sides.made(cell), x, x, inputs=True)


def by_network(cell: Cell) -> dict[str, float]:
    """MiB by normalizer."""
    x, dy = network_sides.images_and_slope(cell)
    return _mib(network_sides.made(cell), x, dy, inputs=False)


def _mib(
    made: Mapping[str, keras.layers.Layer], x: Any, dy: Any, *, inputs: bool
) -> dict[str, float]:
    measure = _by_autograd if keras.config.backend() == "torch" else _by_xla
    return {
        side: measure(layer, x, dy, inputs=inputs) / MIB
        for side, layer in made.items()
        if not side.endswith("again")  # bytes do not vary
    }


def _by_autograd(layer: keras.layers.Layer, x: Any, dy: Any, *, inputs: bool) -> int:
    import torch

    saved: dict[int, int] = {}

    def note(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    x = x.detach().requires_grad_(inputs)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        y = layer(x, **in_training(layer))
    weights = {v.value.untyped_storage().data_ptr() for v in layer.variables}
    del y  # until here it holds what is saved, so that no two storages share an address
    return sum(size for place, size in saved.items() if place not in weights)


def _by_xla(layer: keras.layers.Layer, x: Any, dy: Any, *, inputs: bool) -> int:
    import jax

    program = jax.jit(pulled(layer, weights=True, inputs=inputs))
    trained, remembered = layer.trainable_variables, layer.non_trainable_variables
    values = [v.value for v in trained], [v.value for v in remembered]
    analysis = program.lower(*values, x, dy).compile().memory_analysis()
    return analysis.temp_size_in_bytes
