"""Outcomes made up: small groups keep images apart, have large gradients and bear small rates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.training.probe_table import choose_probe
from tests.lab.pretending import outcome

BLOCKS, LAYERS = 27, 21
SIMILARITY = {"batch": 0.5, "variance": 0.55, "instance": 0.6, "evonorm_b0": 0.65, "group": 0.8,
              "filter_response": 0.82, "evonorm_s0": 0.84, "layer": 0.97}  # fmt: skip
WIDE = 128  # channels at most


def similarity(run: Run) -> float:
    """By normalizer; of groups by their share of the width."""
    if "size=" in run.normalizer:
        size = float(run.normalizer.rpartition("=")[2])
        arguments = run.of("model").arguments
        width = arguments["width"] if run.of("model").name == "mlp" else WIDE
        return 0.97 - 0.05 * np.log2(width / min(size, width))
    if run.normalizer in ("none", "group:epsilon=1e-05,groups=1"):
        return 0.97
    return SIMILARITY.get(run.normalizer.partition(":")[0], 0.9)


def grows(run: Run) -> bool:
    """Parametric, and not held by SkipInit."""
    named = run.normalizer.partition(":")[0] in ("none", "weight", "sws")
    return named and run.of("model").arguments.get("branch") != "skipinit"


def edge(run: Run) -> float:
    """The largest rate that trains: the more alike images are, the larger."""
    return 10 ** (2.5 * similarity(run) - 1.9) * (1 + run.seed / 1000)


def rule(run: Run) -> Outcome:
    residual = run.of("model").name == "resnet"
    if run.learning_rate > 10 * edge(run) or (residual and grows(run)):
        found = outcome(run, Verdict.BLEW_UP, (0.1, 0.1))
        found = replace(found, accuracies=found.accuracies[: run.steps // 2])
    elif run.learning_rate > edge(run):
        found = outcome(run, Verdict.UNTRAINED, (0.1, 0.1))
    else:
        end = 1.2 - similarity(run) + run.seed / 1e4
        found = outcome(run, Verdict.USEFUL, (0.3, min(end, 1.0)))
    return replace(found, probed={probe: rows(run, probe) for probe in run.probes})


def dead(run: Run) -> Outcome:
    """Nothing is finite where a network grows."""
    if not grows(run):
        return rule(run)
    nothing = {"variance": float("inf"), "gradient": float("nan")}
    nothing |= {"similarity": float("nan"), "rank": float("nan")}
    probed = {}
    for probe in run.probes:
        (row,) = rows(run, probe)
        width = len(row["variance"])
        probed[probe] = [{**row, **{name: [row[name][0]] + [value] * (width - 1) if width > 1
                                    else [value] for name, value in nothing.items()}}]  # fmt: skip
    return replace(outcome(run, Verdict.DEAD, (0.1,)), probed=probed)


def rows(run: Run, probe: str) -> list[dict[str, Any]]:
    chosen = choose_probe(probe, run.steps).arguments
    layers = {"additions": BLOCKS, "features": 1, "linear": LAYERS}[chosen["of"]]
    draw = np.random.default_rng(run.seed).uniform(0.99, 1.01)
    steps = np.arange(layers)
    skips = run.of("model").arguments.get("branch") == "skipinit"
    variance = 1.7**steps if grows(run) else np.ones(layers) if skips else 1 + steps
    alike = similarity(run)
    gradients = 10 ** ((1 - alike) * (layers - steps) / 4)
    return [{
        "step": 0, "layers": [f"layer_{k}" for k in range(layers)],
        "variance": (variance * draw).tolist(), "similarity": [alike * draw / 1.01] * layers,
        "rank": [1 / alike * draw] * layers, "gradient": (gradients * draw).tolist(),
    }]  # fmt: skip


def diagnosis(job: Any) -> dict[str, Any]:
    """Alarms where a network is damaged, as its damage deserves."""
    damage = job.arguments["damage"]
    kind = {"": [], "groups of one": ["gradients"], "one group": ["collapse"]}
    return {"layers": 30, "risks": kind.get(damage, ["growth"]), "growth": 1.5 + job.seed / 100,
            "similarity": 0.5, "ratio": 3.0}  # fmt: skip
