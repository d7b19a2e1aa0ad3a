"""A residual network without normalizers, initialized by Fixup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def fixed(
    *, depth: int, width: int, input_shape: tuple[int, ...], classes: int
) -> keras.Model:  # fmt: skip
    """The lab's "resnet" of these sizes without normalizers, by all three rules of Fixup."""
    import keras_norms
    from keras_norms.lab.models.resnet import resnet
    from keras_norms.normfree import fixup

    about = {"depth": depth, "width": width, "input_shape": input_shape, "classes": classes}
    return fixup(resnet(keras_norms.get("none"), **about))
