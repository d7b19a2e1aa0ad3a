"""Ba, Kiros & Hinton 2016, Table 1: under which changes of weights and data the output stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, apart

FIRST_CASE, FIRST_UNIT, STAYS, CHANGES = np.eye(12)[:, :1], np.eye(4)[0], 1e-6, 1e-2

# What becomes of cases x and weights w, whose columns are units; `v` is a vector of the inputs.
TRANSFORMS = {
    "weights rescaled": lambda x, w, v: (x, 3 * w),
    "weights recentred": lambda x, w, v: (x, w + v[:, None]),
    "one weight vector rescaled": lambda x, w, v: (x, w * (1 + 2 * FIRST_UNIT)),
    "data rescaled": lambda x, w, v: (3 * x, w),
    "data recentred": lambda x, w, v: (x + v, w),
    "one case rescaled": lambda x, w, v: (x * (1 + 2 * FIRST_CASE), w),
}
TABLE = {
    "BatchNormalization": (True, False, True, True, True, False),
    "WeightNormalization": (True, False, True, False, False, False),
    "LayerNormalization": (True, True, False, True, False, True),
}


def output(kind: str, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Of a linear layer with its normalizer."""
    import keras

    from benchmarks.float64_layers import Effective, double, passed, through
    from keras_norms.weights import WeightNormalization

    if kind != "WeightNormalization":
        return passed(kind, x @ w, weights={}, epsilon=1e-12).y
    with double():
        linear = keras.layers.Dense(w.shape[1], use_bias=False, dtype="float64")
        layer = Effective(WeightNormalization(linear, gain_initializer="ones", dtype="float64"))
        return through(layer, x, np.ones((len(x), w.shape[1])), {"kernel": w}).y


def errors(seed: int) -> dict[str, float]:
    draw = np.random.default_rng(seed)
    x, w, v = draw.normal(0.5, 1, (12, 5)), draw.normal(0.2, 1, (5, 4)), draw.normal(1, 1, 5)
    found = {}
    for kind in TABLE:
        plain = output(kind, x, w)
        for name, change in TRANSFORMS.items():
            found[f"{kind}, {name}"] = apart(output(kind, *change(x, w, v)), plain)
    return found


def cell(kind: str, name: str, stays: bool) -> Bound:
    key = f"{kind}, {name}"
    return Bound(key, f"relative change ({key})", STAYS if stays else CHANGES, above=not stays)


@dataclass(frozen=True, kw_only=True)
class Invariances(IdentitiesExperiment):
    """Ba, Kiros & Hinton 2016, Table 1: under which changes of weights and data the output stays.

    Paper      "Layer Normalization", arXiv 1607.06450, Table 1: three normalizers, six changes.
    Claims     Each of the 18 cells: the output of a linear layer with its normalizer changes by
               less than 1e-6 where the table says invariant, by more than 1e-2 where it says not.
    Ours       Five inputs, four units, twelve cases, epsilon 1e-12, float64, nine draws; of weight
               normalization the direction's vector is what is changed.
    Cost       1 CPU minute.
    Command    python -m benchmarks run ba2016.invariances --out results
    """

    identities = tuple(
        Identity(f"{kind}: the six changes of Table 1.",
                 tuple(cell(kind, *pair) for pair in zip(TRANSFORMS, row, strict=True)),
                 paper=" ".join("yes" if stays else "no" for stays in row),
                 target="ba16-invariance")
        for kind, row in TABLE.items()
    )  # fmt: skip
