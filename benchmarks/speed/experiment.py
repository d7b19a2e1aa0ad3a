"""Speed: layers and training steps against Keras's, the framework's own operations, and a copy.

Question   What does a normalizer cost, and how far is it from what it could cost?
Layers     Every registered normalizer: forward, and forward and backward with the gradients of its
           weights; five shapes; float32, and bfloat16 with float32 weights. In the modes that
           compile: TensorFlow as a graph and under XLA, JAX under jit; torch eager. What normalizes
           over space is left out where there is none. A weight normalizer is measured around a
           linear layer (1x1 convolution or dense).
Sides      ours; Keras's own layer; the framework's operation (TensorFlow's fused batch
           normalization as a graph; torch's functional forms); the floor, x * a + b with a and b
           per channel and the gradient of x alone, or the bare linear layer; ours again, the
           control: what it differs from 1 by is noise.
Networks   A whole training step (forward, backward, SGD at a fixed gradient of the logits) of
           eight 3x3 convolutions of 64 filters, each normalized, with ReLU, then pooling and a
           dense head; and of ResNet-20. 16 images of 32x32x3. Against the same without normalizer,
           and with the floor in its place: what a single pass over the data costs each way. (Under
           XLA on a CPU the floor is slower than a normalizer is, and bounds nothing.)
Clock      All sides of a cell take turns in one process. CPU time of all threads on a CPU (it is
           cost, not latency); time until the device is done on a GPU. Ratios are of neighbours in
           one round: the median with its quartiles.
First      CPU seconds of the first call, which traces and compiles; one value, the floor's first.
call
Memory     torch: what autograd saves, each storage once, without weights. JAX: the temporary memory
           of the compiled forward and backward. TensorFlow tells neither and is not measured.
Backends   One a process. Run it once for each KERAS_BACKEND with the same --out: the report shows
           all that the folder has, on whatever device.
Cost       quick: the five main layers on the first shape and the first network, float32, 1 to 3
           minutes a backend on two cores. All: up to two hours a backend.
Command    python -m benchmarks run speed --quick --out results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import optuna

from benchmarks.speed import cells
from benchmarks.speed.cells import Cell
from benchmarks.speed.measuring import effort as effort_of
from benchmarks.speed.measuring import finished, measure_missing, origins
from benchmarks.speed.page import contents
from keras_norms.lab.errors import BadInput
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.page import Section

PARTS = ("layers", "networks", "memory")
ALONE = True


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is measured; `None` stands for all there is, or for the quick part of it."""

    quick: bool = False
    names: tuple[str, ...] | None = None
    shapes: tuple[str, ...] | None = None
    dtypes: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    images: str = "16x32x32x3"
    parts: tuple[str, ...] | None = None
    rounds: int = 11

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise BadInput(f"rounds={self.rounds} measures nothing; write 1 or more")
        for field, known in (
            ("names", tuple(cells.normalizers())),
            ("dtypes", cells.DTYPES),
            ("networks", cells.NETWORKS),
            ("parts", PARTS),
        ):
            for value in getattr(self, field) or ():
                if value not in known:
                    raise BadInput(f"{field}={value!r} is unknown; write some of {known}")
        for shape in self.shapes or ():
            cells.sizes(shape)
        if len(cells.sizes(self.images)) != 4:
            raise BadInput(f"images={self.images!r} are no images; write 16x32x32x3, say")

    @property
    def study(self) -> str:
        return "speed"

    def cells(self) -> list[Cell]:
        """All that is wanted on the running backend, the main layers first."""
        quick = self.quick
        others = tuple(name for name in cells.normalizers() if name not in cells.MAIN)
        names = self.names or cells.MAIN + (() if quick else others)
        shapes = self.shapes or cells.SHAPES[: 1 if quick else None]
        dtypes = self.dtypes or cells.DTYPES[: 1 if quick else None]
        works = (cells.BACKWARD,) if quick else (cells.BACKWARD, cells.FORWARD)
        networks = self.networks or cells.NETWORKS[: 1 if quick else None]
        parts = self.parts or PARTS[: 2 if quick else None]
        wanted: list[Cell] = []
        if "networks" in parts:
            wanted += cells.network_cells(networks, self.images)
        if "layers" in parts:
            wanted += cells.layer_cells(names, shapes, dtypes, works)
        if "memory" in parts:
            wanted += cells.memory_cells(names, shapes[0], networks, self.images)
        return wanted


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quick", action="store_true", default=None, help="only what the targets speak of"
    )
    for name, meaning in (
        ("names", "normalizers"),
        ("shapes", f"of the inputs of layers, as in {cells.SHAPES[0]}"),
        ("dtypes", " or ".join(cells.DTYPES)),
        ("networks", " or ".join(cells.NETWORKS)),
        ("parts", ", ".join(PARTS)),
    ):
        parser.add_argument(f"--{name}", nargs="+", metavar=name[:-1].upper(), help=meaning)
    parser.add_argument("--images", metavar="SHAPE", help="of a batch for the networks")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="turns of each side, in cells that are new"
    )


def effort(settings: Settings) -> float:
    return sum(map(effort_of, settings.cells()))


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Measures what is missing on the running backend."""
    measure_missing(study, settings.cells(), settings.rounds, progress or Progress.silent())


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The part of the report: everything that the study has, of every backend."""
    found = finished(study)
    if not found:
        return Section("Speed", ["Nothing is measured yet."])
    return Section(
        title="Speed",
        card=__doc__ or "",
        provenance=origins(found),
        **contents(found, folder),
    )
