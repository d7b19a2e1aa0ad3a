"""CPU seconds of a cell of the map: by the search here, and by TPE with a `fit` a trial."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import optuna

from keras_norms.lab import data
from keras_norms.lab.edges.chain import chain
from keras_norms.lab.edges.search import Search
from keras_norms.lab.edges.verdict import Verdict, classify
from keras_norms.lab.training import Run, train
from keras_norms.lab.training.batch_order import batch_indices
from keras_norms.lab.training.initialization import build

LOW, HIGH = 1e-4, 1e2


class Losses(keras.callbacks.Callback):
    """Loss and accuracy of each batch, where `fit` reports their running means."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.accuracies: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        for values, mean in ((self.losses, logs["loss"]), (self.accuracies, logs["accuracy"])):
            values.append(float(mean) * (batch + 1) - sum(values))


def program(normalizer: str, depth: int, steps: int) -> Run:
    model = f"mlp:depth={depth},width=64"
    return Run(model=model, normalizer=normalizer, steps=steps, learning_rate=1.0)


def here(normalizer: str, depth: int, steps: int, seeds: int, most: int) -> dict[str, Any]:
    """The whole search of a cell: building, compiling, every run, the choice of the next one."""
    began, runs = time.process_time(), 0
    steps_of = chain([program(normalizer, depth, steps)], Search(LOW, HIGH, seeds, 0, most))
    outcomes = None
    while True:
        try:
            wanted = steps_of.send(outcomes)
        except StopIteration:
            return {"seconds": time.process_time() - began, "runs": runs}
        outcomes = list(train(wanted))
        runs += len(outcomes)


def by_tpe(normalizer: str, depth: int, steps: int, trials: int) -> dict[str, Any]:
    """The mean trial: a model built, compiled and fitted anew, stopped where the loss is NaN."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    run = program(normalizer, depth, steps)
    images = data.load(run.data)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning_rate", LOW, HIGH, log=True)
        verdict = fitted(replace(run, learning_rate=rate), images)
        return float(np.log10(rate if verdict.trained else LOW))

    began = time.process_time()
    study.optimize(objective, n_trials=trials)
    return {"seconds": (time.process_time() - began) / trials}


def fitted(run: Run, images: data.ImageData) -> Verdict:
    """The verdict on a run that `fit` does on a model of its own."""
    model = build(run, images, run.seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(run.learning_rate), loss, metrics=["accuracy"])
    chosen = batch_indices(len(images.y_train), run.batch, run.steps, run.seed).ravel()
    losses = Losses()
    model.fit(
        images.x_train[chosen],
        images.y_train[chosen],
        batch_size=run.batch,
        shuffle=False,
        verbose=0,
        callbacks=[losses, keras.callbacks.TerminateOnNaN()],
    )
    return classify(losses.losses, losses.accuracies, images.classes)[0]
