"""Answers of the probes, made up: networks without BN whose signals grow with depth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.training import Outcome, Run
from keras_norms.lab.training.probe_table import choose_probe
from tests.lab.pretending import outcome

ENTRIES, CLASSES, CHANNELS = 6, 10, 4


def rule(run: Run) -> Outcome:
    """Trains below an edge, higher with BN; better where steps are noisier; probes as the paper."""
    plain = run.normalizer == "none"
    edge = 0.01 if plain else 1.0
    if run.learning_rate > 10 * edge:
        found = outcome(run, Verdict.BLEW_UP, (0.1, 0.1))
    elif run.learning_rate > edge:
        found = outcome(run, Verdict.UNTRAINED, (0.1, 0.1))
    else:
        noise = run.learning_rate**2 / max(run.batch, 1)
        best = 0.9 + 0.02 * np.log10(noise) + run.seed / 1e4
        found = outcome(run, Verdict.USEFUL, (0.5, best))
        curve = {**found.curve, "train_accuracy": (0.5, 1.0)}
        found = replace(found, curve=curve)
    return replace(found, probed={probe: rows(run, probe, plain) for probe in run.probes})


def dead(run: Run) -> Outcome:
    """Without BN nothing is finite before the first step."""
    if run.normalizer != "none":
        return rule(run)
    found = outcome(run, Verdict.DEAD, (0.1,))
    probed = {probe: _not_finite(rows(run, probe, True)) for probe in run.probes}
    return replace(found, probed=probed)


def _not_finite(value: Any) -> Any:
    """The first look alone, where everything but the steps that were tried is NaN."""
    kept = ("step", "alpha", "share", "layers", "labels", "edges", "counts")

    def gone(value: Any) -> Any:
        return [gone(one) for one in value] if isinstance(value, list) else float("nan")

    first = {name: one if name in kept else gone(one) for name, one in value[0].items()}
    return [first | ({"diverges_at": first["alpha"][0]} if "diverges_at" in first else {})]


def rows(run: Run, probe: str, plain: bool) -> list[dict[str, Any]]:
    chosen = choose_probe(probe, run.steps)
    draw = np.random.default_rng(run.seed)
    made = MAKERS[chosen.name]
    return [
        {"step": step, **made(run, chosen.arguments, plain, draw)}
        for step in chosen.arguments["at"]
    ]


def _moments(run, asked, plain, draw) -> dict[str, Any]:
    layers = run.of("model").arguments["depth"] + 2  # the shortcuts
    growth = 10 ** ((0.03 if plain else 0.001) * np.arange(layers)) * draw.uniform(0.9, 1.1)
    return {"output_channel_mean": growth.tolist(), "output_channel_std": growth.tolist()}


def _gradients(run, asked, plain, draw) -> dict[str, Any]:
    bins = asked["bins"]
    std = (5.0 if plain else 0.02) * draw.uniform(0.9, 1.1)
    return {
        "counts": [np.arange(bins).tolist()],
        "edges": [np.linspace(-3 * std, 3 * std, bins + 1).tolist()],
        "std": [std],
        "kurtosis": [20.0 if plain else 3.5],
    }


def _outputs(run, asked, plain, draw) -> dict[str, Any]:
    gradient = draw.normal(scale=1e-3, size=(run.batch, CLASSES))
    gradient[:, -1] += 1 / run.batch if plain else 0
    share = 1.0 if plain else 0.5
    return {
        "gradient": gradient.tolist(),
        "predicted": [share, 1 - share] + [0.0] * (CLASSES - 2),
    }


def _cancellation(run, asked, plain, draw) -> dict[str, Any]:
    sums: dict[str, list[list[float]]] = {name: [] for name in ("a", "b", "c", "d", "gradient")}
    for _ in asked["layers"]:
        terms = draw.normal(loc=0.5 if plain else 0.0, size=(ENTRIES, run.batch, 64))
        whole = np.abs(terms.sum(axis=(1, 2)))
        sums["a"].append(np.abs(terms).sum(axis=(1, 2)).tolist())
        sums["b"].append(np.abs(terms.sum(axis=2)).sum(axis=1).tolist())
        sums["c"].append(np.abs(terms.sum(axis=1)).sum(axis=1).tolist())
        sums["d"].append(whole.tolist())
        sums["gradient"].append((whole * (1 + 1e-7)).tolist())
    return sums


def _ray(run, asked, plain, draw) -> dict[str, Any]:
    alpha = np.logspace(asked["low"], asked["high"], asked["points"])
    edge = (3e-3 if plain else 3.0) * draw.uniform(0.9, 1.1)
    loss = np.where(alpha > edge, 1e5, 2.0 + np.abs(np.log10(alpha / edge) + 1))
    return {
        "alpha": alpha.tolist(),
        "loss": loss.tolist(),
        "first": 2.3,
        "norm": 1.0,
        "diverges_at": float(min(alpha[loss > 2300], default=np.inf)),
        "lowest_at": float(alpha[loss.argmin()]),
    }


def _step(run, asked, plain, draw) -> dict[str, Any]:
    shares = np.linspace(0, 1, asked["shares"])
    places = range(len(asked["layers"]))
    grown = [
        [(10 ** (8 * k * share**4) * np.ones(CHANNELS)).tolist() for k in places]
        for share in shares
    ]
    return {"alpha": asked["alpha"], "share": shares.tolist(), "mean": grown, "variance": grown}


MAKERS = {
    "moments": _moments,
    "gradients": _gradients,
    "outputs": _outputs,
    "cancellation": _cancellation,
    "ray": _ray,
    "step": _step,
}
