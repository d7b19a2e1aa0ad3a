"""What is known of a network before its first step, and might predict its edges."""

from __future__ import annotations

import math
from typing import Any

from keras_norms.lab.edges.theory import Inputs, maximal_learning_rate, mean_field_eigenvalue
from keras_norms.lab.experiment import FIRST_SEED
from keras_norms.lab.job import Bench, Computation
from keras_norms.lab.training import Run
from keras_norms.lab.training.outcome import to_json

EXAMPLES = 128
WIDTH = 64


def is_predicted(run: Run) -> bool:
    """Whether it is measured of a cell: of MLPs of one width, for whom there is a theory."""
    model = run.of("model")
    return model.name == "mlp" and model.arguments["width"] == WIDTH


def start_of(run: Run) -> Computation:
    """The measures of a cell's network; cells that differ in how they are trained share them."""
    given = {name: getattr(run, name) for name in ("model", "normalizer", "data", "initializer")}
    return Computation(
        "studies.at_start.measures", {**given, "examples": EXAMPLES}, run.backend, FIRST_SEED
    )


def measures(
    model: str, normalizer: str, data: str, initializer: str, examples: int, seed: int, bench: Bench
) -> dict[str, Any]:
    """By its name each predictor of a learning rate, on the first training images as one batch."""
    from keras_norms.lab import data as sets  # late: a plan is walked without a framework
    from keras_norms.lab.training.initialization import build
    from keras_norms.probes import signals
    from keras_norms.probes.curvature import Curvature

    run = Run(
        model=model, normalizer=normalizer, data=data, initializer=initializer, learning_rate=1.0
    )
    images = sets.load(data, data_dir=bench.data_dir)
    network = build(run, images, seed)
    x, y = images.x_train[:examples], images.y_train[:examples]
    largest = Curvature(network, x, y).largest(seed=seed)
    seen = signals(network, x, examples)
    mean_field = mean_field_eigenvalue(run, Inputs.of(images, examples))
    return to_json(
        {
            "two_over_lambda": maximal_learning_rate(largest.lambda_max),
            "mean_field": math.nan if mean_field is None else maximal_learning_rate(mean_field),
            "growth": float(seen.growth),
            "similarity": float(seen.similarity),
            "ratio": float(seen.ratio),
            "loss": largest.loss,
        }
    )
