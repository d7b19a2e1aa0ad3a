"""Published architectures with random weights, sound and damaged, as `signals` sees them."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
from keras import applications, layers

from keras_norms.lab import data
from keras_norms.lab.job import Bench
from keras_norms.layers import GroupNormalization
from keras_norms.probes import signals
from keras_norms.weights.kernels import kernels_of

CLASSES, EPSILON = 10, 1e-5


class Nothing(layers.Layer):
    """In the place of a normalizer, called as that was: the inputs as they are."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return inputs


# What stands in the place of each batch normalization.
DAMAGES = {
    "none": lambda name: Nothing(name=name),
    "none, He": lambda name: Nothing(name=name),
    "groups of one": lambda name: GroupNormalization(groups=-1, epsilon=EPSILON, name=name),
    "one group": lambda name: GroupNormalization(groups=1, epsilon=EPSILON, name=name),
}


def diagnosis(
    architecture: str, damage: str, size: int, examples: int, seed: int, bench: Bench
) -> dict[str, Any]:
    """What `signals` says of an architecture of keras.applications with weights of its own.

    Args:
        architecture: as Keras calls it.
        damage: "", or one of `DAMAGES`: in the place of its batch normalization.
        size: pixels of a side, of CIFAR-10's images enlarged.
        examples: images.
        seed: of the weights and images.
        bench: where the data are.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        model = built(architecture, damage, size)
    finally:
        random.setstate(state)
    found = signals(model, images(model, size, examples, seed, bench.data_dir), examples)
    return {
        "layers": len(found),
        "risks": list(found.risks),
        "growth": found.growth,
        "similarity": found.similarity,
        "ratio": found.ratio,
    }


def built(architecture: str, damage: str, size: int) -> keras.Model:
    """The architecture, with the damage."""
    make = getattr(applications, architecture)
    model = make(weights=None, input_shape=(size, size, 3), classes=CLASSES)
    if not damage:
        return model

    def clone(layer: Any) -> Any:
        if isinstance(layer, layers.BatchNormalization):
            return DAMAGES[damage](layer.name)
        config = layer.get_config()
        if damage.endswith("He") and kernels_of(layer):
            config["kernel_initializer"] = "he_normal"
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=clone)


def images(model: Any, size: int, examples: int, seed: int, data_dir: str | None) -> np.ndarray:
    """A batch in the range that the model asks for: standardized, or 0 to 255."""
    found = data.load(f"cifar10:examples=500,test_examples=16,size={size}", data_dir=data_dir)
    x = found.x_train[np.random.default_rng(seed).choice(500, examples, replace=False)]
    own = (layers.Rescaling, layers.Normalization)
    inside = any(isinstance(layer, own) for layer in model._flatten_layers())
    return np.clip(120 + 64 * x, 0, 255) if inside else x
