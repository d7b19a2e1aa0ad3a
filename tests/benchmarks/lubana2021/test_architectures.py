"""The damaged architectures: what stands in the place of each normalizer, and what stays."""

from __future__ import annotations

import keras
import pytest

from benchmarks.lubana2021.architectures import built
from benchmarks.lubana2021.signals_of_architectures import DAMAGED

SIZE = 96


def normalizers(model: keras.Model) -> list[str]:
    return [
        layer.name
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


@pytest.mark.parametrize("damage", ["none", "groups of one", "one group"])
def test_every_batch_normalization_is_replaced_and_nothing_else(damage):
    sound, damaged = built("MobileNet", "", SIZE), built("MobileNet", damage, SIZE)
    assert len(normalizers(sound)) == 27
    assert normalizers(damaged) == []
    assert len(damaged.layers) == len(sound.layers)
    kernels = [w.shape for w in sound.weights if w.name == "kernel"]
    assert [w.shape for w in damaged.weights if w.name == "kernel"] == kernels


@pytest.mark.full
@pytest.mark.parametrize(("architecture", "damage"), DAMAGED)
def test_every_damaged_network_is_built(architecture, damage):
    assert normalizers(built(architecture, damage, SIZE)) == []
