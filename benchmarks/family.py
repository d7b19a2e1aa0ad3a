"""Every registered normalizer in a small residual network, trained by `model.fit` on the digits.

Set-up: ResNet-8 with stages of 8, 16 and 32 channels, SGD with momentum 0.9 at a learning rate of
0.02, batches of 64, cross-entropy; each normalizer as `benchmarks/specs.py` has it. The table gives
the mean loss of the first and last ten steps, over `--seeds` seeds (the highest of the last ones:
the worst seed); the exit code is 1 where a loss did not fall.

    python -m benchmarks.family
    KERAS_BACKEND=jax python -m benchmarks.family --seeds 1 --out results
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from rich.progress import track

import keras_norms
from benchmarks.specs import every
from keras_norms.lab import data, provenance
from keras_norms.lab.models.resnet import resnet

ENDS = 10  # steps at either end whose mean is told
BATCH = 64


class Losses(keras.callbacks.Callback):
    """The loss of each batch, where `fit` itself tells the running mean of an epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        mean = float((logs or {})["loss"])
        before = sum(self.values[-batch:]) if batch else 0.0
        self.values.append(mean * (batch + 1) - before)


def losses(spec: str, images: data.ImageData, steps: int, seed: int) -> list[float]:
    """The loss at each step."""
    keras.utils.set_random_seed(seed)
    model = resnet(
        keras_norms.get(spec),
        depth=8,
        width=8,
        input_shape=images.input_shape,
        classes=images.classes,
    )
    model.compile(
        keras.optimizers.SGD(0.02, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=keras.config.backend() == "jax",
    )
    told = Losses()
    order = np.random.default_rng(seed).permutation(len(images.x_train))
    batches = -(-steps * BATCH // len(order))
    chosen = np.tile(order, batches)[: steps * BATCH]
    x, y = images.x_train[chosen], images.y_train[chosen]
    model.fit(x, y, batch_size=BATCH, verbose=0, shuffle=False, callbacks=[told])
    return told.values


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--names", nargs="+", default=list(every()), choices=list(every()))
    parser.add_argument("--out", type=Path, help="folder for family-<backend>.csv and .md")
    given = parser.parse_args(arguments)
    images = data.load("digits")
    rows = []
    for name in track(given.names, "normalizers", transient=True):
        spec = every()[name]
        runs = np.array([losses(spec, images, given.steps, seed) for seed in range(given.seeds)])
        first, last = runs[:, :ENDS].mean(1), runs[:, -ENDS:].mean(1)
        rows.append([name, spec, first.mean(), last.mean(), last.max(), bool((last < first).all())])
    columns = ["normalizer", "spec", "first loss", "last loss", "highest last loss", "falls"]
    frame = pd.DataFrame(rows, columns=columns)
    text = frame.to_markdown(index=False, floatfmt=".3g")
    print(text)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        path = given.out / f"family-{keras.config.backend()}"
        frame.to_csv(path.with_suffix(".csv"), index=False)
        known = provenance.provenance()
        told = f"{known['library']}, {known['device']}, Keras {known['keras']}, {known['commit']}"
        path.with_suffix(".md").write_text(f"{text}\n\n{told}\n")
    return 0 if frame["falls"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
