"""What the map of edges costs beside the same map by Optuna's TPE and a fresh `fit` a trial.

For a sample of cells of the default map (MLP of width 64 on the digits, 200 steps, three seeds),
CPU seconds of this process of both ways:

    here  the whole search of the cell: building, compiling, every run, the choice of the next one
    TPE   some trials of a study that maximizes the learning rate that trains (one that does not
          counts as the lowest), each with a model built, compiled and fitted anew, stopped where
          the loss is NaN; the mean trial, times three seeds, times the trials that TPE needs

TPE needs 24 to 48 trials for an edge that the search here finds in 16 (replays of dense grids), so
its cost is an estimate, in proportion, and its one objective gives the trains edge alone.

    python -m studies.cost --out studies/results/frontier
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import optuna
import pandas as pd

from keras_norms.lab import data
from keras_norms.lab.edges.search import explore
from keras_norms.lab.edges.verdict import Verdict, classify
from keras_norms.lab.provenance import provenance
from keras_norms.lab.report.tables import Table
from keras_norms.lab.training import Run, train
from keras_norms.lab.training.batch_order import batch_indices
from keras_norms.lab.training.initialization import build
from studies.frontier import Settings

NEEDS = (24, 48)  # trials of TPE for an edge within 0.1 decades
CELLS = (("none", 4), ("batch:momentum=0.9", 16), ("layer", 32))


class Losses(keras.callbacks.Callback):
    """Loss and accuracy of each batch, where `fit` tells their running means."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.accuracies: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        for values, mean in ((self.losses, logs["loss"]), (self.accuracies, logs["accuracy"])):
            values.append(float(mean) * (batch + 1) - sum(values))


def fitted(run: Run, images: data.ImageData) -> Verdict:
    """The verdict on a run that `fit` does on a model of its own."""
    model = build(run, images, run.seed)
    model.compile(
        keras.optimizers.SGD(run.learning_rate, momentum=run.momentum),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    chosen = batch_indices(len(images.y_train), run.batch, run.steps, run.seed).ravel()
    told = Losses()
    model.fit(
        images.x_train[chosen],
        images.y_train[chosen],
        batch_size=run.batch,
        shuffle=False,
        verbose=0,
        callbacks=[told, keras.callbacks.TerminateOnNaN()],
    )
    return classify(told.losses, told.accuracies, images.classes)[0]


def by_tpe(program: Run, settings: Settings, trials: int) -> float:
    """CPU seconds of the mean trial."""
    images = data.load(program.data)

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning_rate", settings.low, settings.high, log=True)
        verdict = fitted(replace(program, learning_rate=rate), images)
        return np.log10(rate if verdict.trained else settings.low)

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    began = time.process_time()
    study.optimize(objective, n_trials=trials)
    return (time.process_time() - began) / trials


def here(program: Run, settings: Settings) -> tuple[float, int]:
    """CPU seconds of the cell's whole search, without a neighbour's help, and its runs."""
    began = time.process_time()
    search = settings.search
    cell = explore(search.cell(program), search, lambda runs: list(train(runs)))
    return time.process_time() - began, len(cell.outcomes)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=6, help="of TPE in each cell, to be timed")
    parser.add_argument("--out", type=Path, help="folder for tables/frontier-cost.csv and .md")
    given = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = Settings()
    programs = {(r.normalizer, r.depth): r for chain in settings.chains() for r in chain}
    list(
        train([replace(programs[CELLS[0]], width=8, steps=1)])
    )  # the backend starts on nobody's account
    rows = []
    for cell in CELLS:
        seconds, runs = here(programs[cell], settings)
        trial = by_tpe(programs[cell], settings, given.trials)
        low, high = (settings.seeds * needed * trial for needed in NEEDS)
        rows.append(
            {
                "normalizer": cell[0],
                "depth": cell[1],
                "here: runs": runs,
                "here: CPU s": round(seconds, 1),
                "TPE: CPU s a trial": round(trial, 2),
                "TPE: CPU s, estimated": f"{low:.0f} to {high:.0f}",
                "times": f"{low / seconds:.0f} to {high / seconds:.0f}",
            }
        )
        print(rows[-1], flush=True)
    known = provenance()
    table = Table(
        "frontier-cost",
        pd.DataFrame(rows),
        f"CPU seconds of a cell of the map (three seeds, both edges) and, estimated from "
        f"{given.trials} trials each, of the trains edge alone by TPE with a fresh `fit` a trial: "
        f"{NEEDS[0]} to {NEEDS[1]} trials a seed. "
        f"{known['library']}, Keras {known['keras']}, {known['device']}, {known['commit']}.",
    )
    print(table.markdown())
    if given.out:
        table.write(given.out / "tables")
    return 0


if __name__ == "__main__":
    sys.exit(main())
