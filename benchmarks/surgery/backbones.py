"""Does surgery work on the models that keras_hub makes?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.surgery.models import ModelsExperiment
from benchmarks.surgery.operations import OF_BACKBONES
from benchmarks.surgery.tables import (
    architectures_table,
    classes_table,
    failures,
    left_table,
    rows_of,
    said_of_folds,
)
from keras_norms.lab.found import Found
from keras_norms.lab.report.tables import Table


@dataclass(frozen=True, kw_only=True)
class Backbones(ModelsExperiment):
    """The backbones of keras_hub, folded and converted.

    Question   Does surgery work on the models that keras_hub makes, classes of which make their
               own graphs, from layers that hold normalizers, for dictionaries of inputs?
    Networks   Every backbone of `keras_hub.models` that is made of few parts, as small as it goes,
               with random weights; no preset, nothing is downloaded. Statistics of batch
               normalization as in surgery.applications. A backbone that cannot be made is a row
               that says why.
    fold       The outputs agree with those before: in float64 to 1e-5 of the largest, in float32
               to that or to twice the network's own rounding.
    batch and  Keras's batch normalization to this library's and back: the same weights, the same
    back       outputs to the last bit.
    group      Converted so, the network runs, takes one step of SGD with a finite loss, is saved,
               and once loaded has the same outputs. Where its class makes the layers that were
               replaced, its weights are saved and loaded into another model that was converted.
    Class      Kept or lost: a model whose attributes hold a layer that is replaced, or whose
               config does not give its graph again, becomes a plain functional model.
    Backend    Keras computes in double precision on TensorFlow alone; elsewhere what is called
               float64 holds to single precision.
    Needs      keras_hub: pip install 'keras-norms[hub]'
    Cost       About 10 CPU minutes a backend for all; quick: one.
    Command    python -m benchmarks run surgery.backbones --out results
    """

    function = "benchmarks.surgery.checks.backbone"

    @classmethod
    def known(cls) -> tuple[str, ...]:
        from benchmarks.surgery.small_backbones import BACKBONES

        return tuple(BACKBONES)

    def summary(self, found: Found) -> Iterator[str]:
        for each, frame in rows_of(found["every"]).groupby("backend", sort=False):
            tried, wrong = frame["architecture"].nunique(), [*failures(frame)]
            whole = tried - len({name for name, *_ in wrong})
            yield f"{each}: {tried} backbones tried, {whole} without a failure."
            yield from (f"{name}, {operations}: {why}" for name, operations, why in wrong)
            yield from said_of_folds(frame, str(each))

    def tables(self, found: Found) -> Iterable[Table]:
        frame = rows_of(found["every"])
        if not len(frame):
            return ()
        whole = architectures_table(frame, "surgery-backbones", OF_BACKBONES)
        classes = classes_table(frame, "surgery-backbones-classes")
        return whole, classes, left_table(frame, "surgery-backbones-left")
