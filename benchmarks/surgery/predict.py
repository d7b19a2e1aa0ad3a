"""What a fold brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.speed.cells import sizes
from keras_norms.lab.experiment import Plan
from keras_norms.lab.found import Found
from keras_norms.lab.machine import MachineExperiment
from keras_norms.lab.options import option
from keras_norms.lab.report.tables import Table
from keras_norms.lab.target import Target, counted
from keras_norms.lab.timings import PAIRED, Measured, measured, tables
from keras_norms.lab.walk import Recorded

FUNCTION = "benchmarks.surgery.timed_predict.seconds"
LEAST = 1.15  # on TensorFlow: as many times as fast


@dataclass(frozen=True, kw_only=True)
class FoldedPredict(MachineExperiment):
    """`predict` of a network before and after its normalizers are folded.

    Set-up     ResNet-50 with random weights; `predict` on four batches of images, before and after
               the fold, in turns in one process; without XLA on TensorFlow and torch, JAX compiles.
    Clock      CPU time, which other processes disturb least; time on a GPU. Ratios are of
               neighbours in one round.
    Target     On a CPU with TensorFlow at least 1.15 times as fast, on every processor measured.
    Cost       5 CPU minutes a backend; quick: small images.
    Command    python -m benchmarks run surgery.predict --out results
    """

    rounds: int = option(11, "turns of each side", least=1, most=1000)
    network: str = option("ResNet50", "of keras.applications", quick="MobileNetV2")
    images: str = option("8x160x160x3", "shape of a batch", quick="2x32x32x3")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(sizes(self.images)) != 4:
            raise self.invalid("images", "write four sizes, as in 8x160x160x3")

    def plan(self) -> Plan:
        given = {"network": self.network, "images": self.images, "rounds": self.rounds}
        yield {"predict": [self.job(FUNCTION, given)], "measured": Recorded(FUNCTION)}

    def claims(self, found: Found) -> Iterator[Target]:
        for one in measured(found["measured"]):
            ratio = one.ratio("whole", "folded", f"before / after on {one.cell['machine']}")
            if one.backend == "tensorflow" and not one.on_gpu and ratio is not None:
                said = f"A folded {one.cell['network']} predicts {LEAST:g} times as fast"
                yield Target(f"{said}, {one.cell['images']}.", ratio >= LEAST, pairs="rounds")

    def summary(self, found: Found) -> Iterable[str]:
        for one in measured(found["measured"]):
            said = f"{one.cell['network']} predicts {one.ratio_text('whole', 'folded')} times"
            yield f"{one.place}, {one.cell['machine']}: {said} as fast after the fold."
        yield counted(list(self.claims(found)))

    def tables(self, found: Found) -> Iterator[Table]:
        caption = f"CPU time of `predict` on four batches before and after a fold; {PAIRED}."
        yield from tables("surgery-predict", caption, measured(found["measured"]), _rows)


def _rows(found: Sequence[Measured]) -> Iterator[dict[str, str]]:
    for one in found:
        line = {"network": one.cell["network"], "on": one.place, "images": one.cell["images"]}
        line |= {"before, ms": one.ms("whole"), "after, ms": one.ms("folded")}
        yield line | {"before / after": one.ratio_text("whole", "folded")}
