"""The largest stable learning rate and the best accuracy by batch size, for each normalizer."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.options import option
from keras_norms.lab.report.accuracy_plot import accuracy_table, draw_accuracy
from keras_norms.lab.report.frontier_plot import Along, draw_frontier
from keras_norms.lab.report.frontier_table import frontier_summary, frontier_table
from studies.edges import EdgeExperiment

NORMALIZERS = (
    "none",
    "batch:momentum=0.9",
    "renorm:momentum=0.9,warmup_steps=20,r_max_steps=60,d_max_steps=60",
    "batch_group:groups=8,momentum=0.9",
    "group:groups=8",
    "layer",
)
BATCH = Along("batch size", "mini-batch size", lambda cell: cell.program.batch)


@dataclass(frozen=True, kw_only=True)
class BatchSize(EdgeExperiment):
    """The largest stable learning rate and the best accuracy by batch size, for each normalizer.

    Question   Where does a normalizer that takes its statistics from the batch lose to one that
               does not, and to its own kind made for small batches?
    Regime     Batch normalization and three of its kind that change what a small batch gives it
               (batch renormalization, batch-group normalization), beside group and layer
               normalization and none.
    Edges      As in `frontier`, searched for each seed, the neighbouring batch size giving the
               prior.
    Accuracy   For each seed the final accuracy on a held-out fifth of the training set at the best
               of the learning rates that the search tried, so each normalizer and batch size has a
               learning rate of its own; the median over seeds, with their range. A little
               optimistic, alike for all; the test set is not read.
    Set-up     MLP of depth 8, plain SGD, 200 steps whatever the batch size: a batch of 2 sees 400
               examples and one of 128 sees 25 600, so compare normalizers at one batch size.
               Moving averages with momentum 0.9, since the runs are short.
    Cost       With the defaults about 3,000 runs.
    Command    python -m studies run batch_size --out results
    """

    data: str = option("digits:validation=0.2,evaluate_on=validation", "data set")
    model: str = option("mlp:depth=8,width=64", "model")
    normalizers: tuple[str, ...] = option(NORMALIZERS, "specs, as batch or group:groups=8")
    batches: tuple[int, ...] = option((2, 4, 8, 16, 32, 64, 128), "mini-batch sizes", least=1)

    def chains(self):
        return {
            normalizer: [
                self.program(model=self.model, normalizer=normalizer, batch=batch)
                # The largest first, where all of them are at home.
                for batch in sorted(self.batches, reverse=True)
            ]
            for normalizer in self.normalizers
        }

    def summary(self, found):
        return frontier_summary(self.cells(found), self.steps, BATCH)

    def tables(self, found):
        cells = self.cells(found)
        yield frontier_table(cells, self.name(), self.steps, BATCH)
        yield accuracy_table(cells, f"{self.name()}-accuracy", BATCH)

    def figures(self, found):
        cells, what = self.cells(found), f"{self.model}, {self.data}, plain SGD"
        shown = {"steps": self.steps, "what": what, "along": BATCH}
        yield draw_frontier(found.folder, self.name(), cells, **shown)
        yield draw_accuracy(found.folder, f"{self.name()}-accuracy", cells, **shown)
