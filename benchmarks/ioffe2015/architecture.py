"""Ioffe & Szegedy 2015, Figure 5: the network, its shapes and its parameters.

Paper      arXiv 1502.03167, appendix, Figure 5, and Section 4.2: 13.6 million parameters.
Claims     The shapes are the table's; the parameters are within 5 % of 13.6 million.
Numbers    The table cannot be built as it is printed. The branches of 4c and 4d sum to 608
           channels where it prints 576, and with 608 going in 4e has 1056 where it prints 1024; 3c
           and 4e print the size before they halve it.
Ours       Both completions. "608": the printed filters, with 608, 608 and 1056 channels (as public
           weights of this network have them). "576": projections of 96 in 4c and 4d, which gives
           the printed 576, 576 and 1024. Batch normalization on every convolution, 224x224x3 in,
           1000 classes out; trained values counted, gammas and betas among them.
Result     Neither has 13.6 million: they have 11.3 and 11.2. What the paper counts besides is not
           said in it, and nothing is added here to reach its number.
Cost       Seconds.
Command    python -m benchmarks run ioffe2015.architecture --out results
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pandas as pd

import keras_norms
from benchmarks.computed import compute_missing, computed, origin
from benchmarks.ioffe2015.bounds import bounds_table, held
from benchmarks.ioffe2015.groups import unfinished
from keras_norms.lab.models import MODELS
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.page import Section
from keras_norms.lab.report.tables import Table

TITLE = "Ioffe & Szegedy 2015, Figure 5: the network"
PAPER = 13.6e6
COMPLETIONS = {"608": "bn_inception", "576": "bn_inception_576"}
# Layer -> output as the table prints it.
PRINTED = {
    "convolution_1": "112×112×64", "max_pool_1": "56×56×64", "max_pool_2": "28×28×192",
    "module_3a": "28×28×256", "module_3b": "28×28×320", "module_3c": "28×28×576",
    "module_4a": "14×14×576", "module_4b": "14×14×576", "module_4c": "14×14×576",
    "module_4d": "14×14×576", "module_4e": "14×14×1024", "module_5a": "7×7×1024",
    "module_5b": "7×7×1024",
}  # fmt: skip
HALVING = {"module_3c": "14×14×576", "module_4e": "7×7×1024"}  # what these two must mean


@dataclass(frozen=True, kw_only=True)
class Settings:
    """There is nothing to set."""

    study: str = "ioffe2015-architecture"


def add_options(parser: argparse.ArgumentParser) -> None:
    """None."""


def effort(settings: Settings) -> float:
    return float(len(COMPLETIONS))


def run(
    study: optuna.Study,
    settings: Settings,
    *,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Builds the networks, where that is missing."""
    builds = {name: lambda model=model: built(model) for name, model in COMPLETIONS.items()}
    compute_missing(study, builds, progress or Progress.silent())


def built(model: str) -> dict[str, Any]:
    """Output shape of each row of the table, and the number of trained values."""
    network = MODELS[model](
        keras_norms.get("batch"), depth=10, width=64, input_shape=(224, 224, 3), classes=1000
    )
    shapes = {name: network.get_layer(name).output.shape[1:] for name in PRINTED}
    return {
        "shapes": {name: "×".join(map(str, shape)) for name, shape in shapes.items()},
        "parameters": sum(math.prod(v.shape) for v in network.trainable_variables),
    }


def section(study: optuna.Study, settings: Settings, folder: Path) -> Section:
    """The shapes beside the table's, and the counts beside the paper's."""
    found = computed(study)
    if not COMPLETIONS.keys() <= found.keys():
        return unfinished(TITLE)
    rows = []
    for name, network in found.items():
        wrong = sum(
            shape != HALVING.get(layer, PRINTED[layer])
            for layer, shape in network["shapes"].items()
        )
        off = abs(network["parameters"] - PAPER) / PAPER
        rows += [
            ["ioffe15-fig5", f"completion {name}: |parameters / 13.6 million − 1|", off, 0.05],
            ["ioffe15-fig5", f"completion {name}: rows that differ from the table", wrong, 0],
        ]
    counts = " and ".join(
        f"{n['parameters']:,} ({name}, {n['parameters'] / PAPER - 1:+.0%})"
        for name, n in found.items()
    )
    return Section(
        title=TITLE,
        summary=[
            f"{held(rows)} The completions have {counts} trained values; the paper says 13.6 "
            "million. The rows of 608 that differ are the misprints."
        ],
        tables=[
            bounds_table(f"{settings.study}-claims", rows, "The paper's claims on its network."),
            shapes_table(f"{settings.study}-shapes", found),
        ],
        card=__doc__ or "",
        provenance=origin(study),
    )


def shapes_table(name: str, found: dict[str, Any]) -> Table:
    rows = [
        {
            "row": layer.removeprefix("module_").replace("_", " "),
            "printed": printed,
            "with its stride": HALVING.get(layer, "as printed"),
            **{f"completion {key}": found[key]["shapes"][layer] for key in COMPLETIONS},
        }
        for layer, printed in PRINTED.items()
    ]
    return Table(name, pd.DataFrame(rows), "Outputs of the rows of Figure 5.")
