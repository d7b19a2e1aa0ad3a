"""Salimans & Kingma 2016, Section 2: the gradients of norm and direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest

EXAMPLES, INPUTS, UNITS, STEPS, RATE = 16, 6, 4, 50, 0.5


def formula(v, g, dw) -> tuple[np.ndarray, np.ndarray]:
    """Equation 3: dg = dw . v / |v|,  dv = g / |v| dw - g dg / |v|^2 v, a column a unit."""
    norm = np.linalg.norm(v, axis=0)
    dg = (dw * v).sum(axis=0) / norm
    return dg, g / norm * dw - g * dg / norm**2 * v


def errors(seed: int) -> dict[str, float]:
    import keras

    from benchmarks.float64_layers import Effective, double, through
    from benchmarks.ioffe2015.steps import stepper
    from keras_norms.weights import WeightNormalization

    draw = np.random.default_rng(seed)
    x, dy = draw.normal(size=(EXAMPLES, INPUTS)), draw.normal(size=(EXAMPLES, UNITS))
    with double():
        linear = keras.layers.Dense(UNITS, use_bias=False, dtype="float64")
        layer = Effective(WeightNormalization(linear, dtype="float64"))
        one = through(layer, x, dy, {"kernel": draw.normal(size=(INPUTS, UNITS))})
        v, g = one.weights["kernel"], draw.normal(1, 0.3, UNITS)
        one = through(layer, x, dy, {"gain": g})
        dg, dv = formula(v, g, x.T @ dy)
        wanted, norms = draw.normal(size=dy.shape), []
        step, trained = stepper(layer), layer.trainable_variables
        named = {variable.name: variable for variable in trained}
        for _ in range(STEPS):  # of descent towards random outputs
            norms.append(np.linalg.norm(keras.ops.convert_to_numpy(named["kernel"]), axis=0))
            slopes = step(x, (step(x, dy).y - wanted) / EXAMPLES).weights
            for variable, slope in zip(trained, slopes, strict=True):
                variable.assign(keras.ops.convert_to_numpy(variable) - RATE * slope)
    return {
        "dg": largest(one.gradients["gain"] - dg),
        "dv": largest(one.gradients["kernel"] - dv),
        "orthogonal": largest((one.gradients["kernel"] * v).sum(axis=0)),
        "shrinks": float(max(0.0, -np.diff(norms, axis=0).min())),
        "grows": float((norms[-1] / norms[0]).max() - 1),
    }


@dataclass(frozen=True, kw_only=True)
class Gradient(IdentitiesExperiment):
    """Salimans & Kingma 2016, Section 2: the gradients of norm and direction.

    Paper      "Weight Normalization", arXiv 1602.07868, equations 2 and 3: w = g v / |v|; the
               gradient of v is orthogonal to v, so that its norm never falls under plain descent.
    Claims     The layer's gradients of g and v are equation 3, to 1e-10; that of v is orthogonal to
               v, to 1e-10; over 50 steps of descent no norm of v falls, and some grow.
    Ours       WeightNormalization of a dense layer of 4 units, float64, nine draws.
    Cost       20 CPU seconds.
    Command    python -m benchmarks run salimans2016.gradient --out results
    """

    identities = (
        Identity("The gradients of norm and direction are equation 3.",
                 (Bound("dg", "|dg − equation 3|", 1e-10), Bound("dv", "|dv − equation 3|", 1e-10)),
                 target="wn16-grad"),
        Identity("The direction's gradient is orthogonal to it.",
                 (Bound("orthogonal", "|dv · v|", 1e-10),), paper="0", target="wn16-grad"),
        Identity("Under descent the norm of v never falls.",
                 (Bound("shrinks", "fall of |v| in a step", 1e-12),
                  Bound("grows", "growth of |v| in all steps", 1e-4, above=True)),
                 paper="monotone", target="wn16-grad"),
    )  # fmt: skip
