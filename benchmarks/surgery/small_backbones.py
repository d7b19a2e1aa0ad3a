"""The backbones of keras_hub by name, each as small as it can be, with random weights."""

from __future__ import annotations

import importlib
from typing import Any

from benchmarks.surgery import small_image_backbones, small_text_backbones
from keras_norms.lab.errors import BadInput

# A name is that of the class without "Backbone", and after a colon what sort of it.
BACKBONES = {**small_image_backbones.BACKBONES, **small_text_backbones.BACKBONES}
LEFT_OUT = {
    "BLIP2": "a vision encoder and a language model around layers that other names have here",
    "ESM2": "another name of ESM",
    "SAM3PromptableConcept": "six parts, each of which has a size of its own",
    "StableDiffusion3": "three text encoders, a diffusion transformer and an autoencoder",
}


def built(name: str) -> Any:
    """The model."""
    return BACKBONES[name].made(keras_hub())


def keras_hub() -> Any:
    """The package.

    Raises:
        BadInput: it is not installed, or something that it needs is not.
    """
    try:
        return importlib.import_module("keras_hub")
    except ImportError as error:
        raise BadInput(
            f"surgery.backbones needs keras_hub ({error}); pip install 'keras-norms[hub]'"
        ) from error
