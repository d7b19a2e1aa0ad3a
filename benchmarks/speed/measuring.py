"""The measurements, as functions that jobs name: each is done once a machine, backend and mode."""

from __future__ import annotations

from typing import Any

from benchmarks.speed import kept, layer_sides, network_sides
from benchmarks.speed.cells import Cell
from benchmarks.speed.clock import forget, timed
from keras_norms.lab.machine import require_machine

Measured = dict[str, dict[str, Any]]


def layer(*, rounds: int, machine: str, **cell: str) -> Measured:
    """Seconds of a layer beside its counterparts; see `clock.timed`."""
    require_machine(machine)
    forget()
    return timed(layer_sides.calls(Cell(**cell)), rounds)


def training_step(*, rounds: int, machine: str, **cell: str) -> Measured:
    """Seconds of a network's training step with each normalizer."""
    require_machine(machine)
    forget()
    return timed(network_sides.calls(Cell(**cell)), rounds)


def memory_of_layer(*, machine: str, **cell: str) -> Measured:
    """MiB that a layer keeps for the backward pass, by side."""
    require_machine(machine)
    forget()
    return {"MiB": kept.by_layer(Cell(**cell))}


def memory_of_network(*, machine: str, **cell: str) -> Measured:
    """MiB that a training step keeps for the backward pass, by normalizer."""
    require_machine(machine)
    forget()
    return {"MiB": kept.by_network(Cell(**cell))}
