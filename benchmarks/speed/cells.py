"""What there is to measure: shapes, precisions, modes of the backends, and the normalizers."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.errors import BadInput, BadOption

FORWARD, BACKWARD = "forward", "forward+backward"
SHAPES = ("64x32x32x64", "32x56x56x64", "128x8x8x256", "4096x256", "32x128x512")
DTYPES = ("float32", "bfloat16")
MAIN = ("batch", "group", "instance", "layer", "rms")
NETWORKS = ("conv8", "resnet20")
IMAGES = "16x32x32x3"
MODES = {"tensorflow": ("graph", "XLA"), "jax": ("jit",), "torch": ("eager",)}
OURS, AGAIN, KERAS, NATIVE, FLOOR = "ours", "ours again", "Keras", "native", "floor"
NONE, NONE_AGAIN = "none", "none again"
# As layers, without the reparameterization that the one is used with, and over the channels.
ALONE = {"mean_only": "mean_only:momentum=0.9", "ws": "ws", "layer": "layer:axis=-1"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A layer's work, or a network's training step, whose sides take turns.

    Attributes:
        name: of the normalizer, or of the network.
        shape: of the inputs, as in "64x32x32x64".
        mode: "graph", "XLA", "jit" or "eager".
        work: "forward" or "forward+backward", of a layer.
        dtype: of the computation; weights are float32.
    """

    name: str
    shape: str
    mode: str
    work: str = BACKWARD
    dtype: str = "float32"

    @property
    def sizes(self) -> tuple[int, ...]:
        return sizes(self.shape)


def normalizers() -> dict[str, str]:
    """Name to spec, of all that can be measured as a layer, the main ones first."""
    from benchmarks.specs import every

    specs = {name: ALONE.get(name, spec) for name, spec in every().items() if name != "none"}
    return {name: specs[name] for name in (*MAIN, *specs)}


def named(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, all of them for "all"; what is recorded is read without their registry.

    Raises:
        BadOption: a name that is none.
    """
    known = normalizers()
    for name in names:
        if name not in (*known, "all"):
            raise BadOption("names", name, f"write some of {', '.join(known)}")
    return expanded(names)


def expanded(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(normalizers()) if "all" in names else names


def sizes(shape: str) -> tuple[int, ...]:
    """(64, 32, 32, 64) of "64x32x32x64".

    Raises:
        BadInput: it is not written so, or has no two to four axes.
    """
    parts = shape.split("x")
    if not (2 <= len(parts) <= 4 and all(part.isdecimal() and int(part) for part in parts)):
        raise BadInput(f"shape={shape!r} is no shape; write two to four sizes, as in {SHAPES[0]}")
    return tuple(map(int, parts))


def makes_sense(name: str, shape: str) -> bool:
    """Whether there is space to take a variance over, where the normalizer needs it."""
    from keras_norms.schemes import normalizer_class

    return len(sizes(shape)) > 2 or not getattr(normalizer_class(name), "needs_space", False)
