"""The edges of a made-up training whose loss contracts, stands still or grows by its rate.

Run it with optunahub installed: python example.py
"""

from __future__ import annotations

from pathlib import Path

import optuna
import optunahub  # pyright: ignore[reportMissingImports]

# Of a package that is published: optunahub.load_module(package="samplers/threshold_sampler")
package = optunahub.load_local_module(
    package="threshold_sampler", registry_root=str(Path(__file__).resolve().parents[1])
)

STEPS, CLASSES = 60, 2


def objective(trial: optuna.Trial) -> float:
    """Gradient descent on w^2 / 2 from w = 1: stable below 2, of use from about 0.01."""
    rate = trial.suggest_float("learning_rate", 1e-4, 1e2, log=True)
    losses = [0.69 * (1 - rate) ** (2 * step) for step in range(STEPS)]
    accuracies = [1.0 if loss < 0.2 else 0.5 for loss in losses]
    verdict, _ = package.classify(losses, accuracies, classes=CLASSES)
    trial.set_user_attr("verdict", verdict)
    return accuracies[-1]


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = package.ThresholdSampler(seed=0)
    study = optuna.create_study(sampler=sampler, direction="maximize")
    study.optimize(objective, n_trials=40, callbacks=[sampler.stop_when_settled])
    known = sampler.thresholds(study)
    for name in ("useful", "alive", "blow_up"):
        low, high = getattr(known, name).interval()
        print(f"{name}: {10**low:.3g} to {10**high:.3g}")
    print(f"{len(study.trials)} trials")
