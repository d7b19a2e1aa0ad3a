"""The largest learning rates of your own model."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.backend import backend
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.options import RATE, option
from keras_norms.lab.report.figures import Figure
from keras_norms.lab.report.tables import Table
from keras_norms.lab.user_object import digest

SEARCH = "keras_norms.lab.max_learning_rate.as_job.search"


@dataclass(frozen=True, kw_only=True)
class MaxLearningRate(Experiment):
    """The largest learning rates of your own model, with its own optimizer, loss and data.

    Question   At which learning rates does this model blow up, and up to which does it train?
    Model      module:function, which gives a new compiled model at each call; a schedule of its
               learning rate keeps its shape.
    Data       FILE.npz with arrays x and y; or module:name, an object or a function that gives
               one: arrays (x, y) or (x, y, sample_weight), or anything that gives batches again
               and again. Classifiers are judged on a fifth that is held out, or on
               --validation-data.
    Output     One rate to use and why, the edges with their 90 % intervals, a range test beside
               them, the runs as a CSV, and a figure.
    Command    python -m studies run max_learning_rate --model mymodule:build --data mymodule:data
    """

    model: str = option("", "MODULE:FUNCTION that gives a compiled model")
    data: str = option("", "FILE.npz, or MODULE:NAME of arrays or batches")
    validation_data: str = option("", "the same, to judge classifiers by; else a part is held out")
    low: float = option(1e-5, "smallest learning rate", **RATE)
    high: float = option(1e2, "largest learning rate", **RATE)
    steps: int = option(200, "steps a run", least=1)
    warmup: int = option(0, "steps over which the rate rises first", least=0)
    batch_size: int = option(32, "examples a step, of arrays", least=1)
    runs: int = option(20, "runs a seed at most", least=1, most=1000)
    seeds: int = option(3, "initial weights", least=1, most=99)

    def plan(self):
        from keras_norms.lab.max_learning_rate.as_job import named

        for name in ("model", "data"):
            if not getattr(self, name):
                raise self.invalid(name, "write MODULE:NAME, as in mymodule:build")
        objects = {"model": named(self.model, "model")}
        for name in ("data", "validation_data"):
            if (path := getattr(self, name)) and not path.endswith(".npz"):
                objects[name] = named(path, name)
        sources = "-".join(digest(name, written) for name, written in objects.items())
        if self.warmup >= self.steps:
            raise self.invalid("warmup", f"write fewer than the {self.steps} steps of a run")
        names = (
            "model",
            "data",
            "validation_data",
            "low",
            "high",
            "steps",
            "warmup",
            "batch_size",
            "runs",
            "seeds",
        )
        given = {name: getattr(self, name) for name in names} | {"sources": sources}
        yield {"search": [Computation(SEARCH, given, backend(), effort=self.runs * self.seeds)]}

    def result(self, found):
        from keras_norms.lab.max_learning_rate.as_job import rebuilt

        return rebuilt(found["search"][0])

    def summary(self, found):
        return str(self.result(found)).splitlines()

    def tables(self, found):
        frame = self.result(found).frame()
        yield Table(self.name(), frame, "Every run: its learning rate and what became of it.")

    def figures(self, found):
        figure = Figure(
            self.name(),
            found.folder,
            "Chances by learning rate, the intervals of the edges, and the runs below.",
        )
        found.folder.mkdir(parents=True, exist_ok=True)
        canvas = self.result(found).plot(figure.png)
        canvas.savefig(figure.svg, metadata={"Date": None})
        yield figure
