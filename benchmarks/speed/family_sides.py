"""What each normalizer adds to a network, beside what batch normalization adds.

Set-up: the unit of a 1x1 convolution and ReLU by each spec, forward and backward with all
gradients, float32. Its cost is the time of the unit less that of the unit "none"; told in units of
the same for "batch", the median over rounds in which all take turns. "batch again" is the control:
what it differs from 1 by is noise.

    python -m benchmarks.speed.family
    KERAS_BACKEND=jax python -m benchmarks.speed.family --shape 32 32 32 64 --out results
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

import keras_norms
from benchmarks.specs import every
from benchmarks.speed.clock import interleaved
from benchmarks.speed.steps import backward
from keras_norms.lab.provenance import provenance

CONTROL = "batch again"


def side(spec: str, shape: Sequence[int], mode: str | None) -> Callable[[], Any]:
    """A call of the unit forward and backward."""
    linear = keras.layers.Conv2D(shape[-1], 1)
    unit = keras.Sequential(keras_norms.get(spec)(linear, "relu").layers)
    unit.build(tuple(shape))
    steps = backward(unit, weights=True)
    step = steps[mode] if mode else list(steps.values())[-1]
    rng = np.random.default_rng(0)
    x, dy = (keras.ops.convert_to_tensor(rng.normal(size=shape).astype("float32")) for _ in "xy")
    return lambda: step(x, dy)


def costs(
    specs: dict[str, str], shape: Sequence[int], mode: str | None, rounds: int
) -> pd.DataFrame:
    """Each normalizer's cost over that of batch normalization: median and quartiles."""
    measured = {**specs, "none": "none", "batch": specs["batch"], CONTROL: specs["batch"]}
    frame = interleaved(
        {name: side(spec, shape, mode) for name, spec in measured.items()}, rounds=rounds
    )
    added = frame.sub(frame["none"], axis=0).drop(columns="none")
    ratio = added.div(added["batch"], axis=0)
    table = ratio.quantile([0.5, 0.25, 0.75]).T.set_axis(["over batch", "25 %", "75 %"], axis=1)
    table.insert(0, "ms", frame.median() * 1e3)
    return table.rename_axis("normalizer").reset_index().sort_values("over batch")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", type=int, nargs=4, default=(32, 32, 32, 64))
    parser.add_argument("--names", nargs="+", default=list(every()), choices=list(every()))
    parser.add_argument("--mode", help="eager, graph or XLA on TensorFlow; graph unless told")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, help="folder for family-<backend>.csv and .md")
    given = parser.parse_args(arguments)
    mode = given.mode or ("graph" if keras.config.backend() == "tensorflow" else None)
    specs = {name: every()[name] for name in {*given.names, "batch"} - {"none"}}
    frame = costs(specs, given.shape, mode, given.rounds)
    text = frame.to_markdown(index=False, floatfmt=".2f")
    known = provenance()
    told = f"{known['library']}, {mode or 'its one mode'}, {known['device']}, {given.shape}"
    print(f"{text}\n\n{told}")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        path = given.out / f"family-{keras.config.backend()}"
        frame.to_csv(path.with_suffix(".csv"), index=False)
        path.with_suffix(".md").write_text(f"{text}\n\n{told}, {known['commit']}\n")


if __name__ == "__main__":
    main()
