"""Zhang & Sennrich 2019, Section 3: RMSNorm, and what it is invariant to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.ba2016.table1_invariances import TRANSFORMS
from benchmarks.identities import Bound, IdentitiesExperiment, Identity, apart, largest

KIND = "RMSNormalization"
STAYS = dict(zip(TRANSFORMS, (True, False, False, True, False, True), strict=True))


def errors(seed: int) -> dict[str, float]:
    from benchmarks.float64_layers import passed

    draw = np.random.default_rng(seed)
    x, w, v = draw.normal(0.5, 1, (12, 5)), draw.normal(0.2, 1, (5, 4)), draw.normal(1, 1, 5)

    def output(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        return passed(KIND, x @ w, weights={}, epsilon=1e-12).y

    plain, gained = output(x, w), passed(KIND, x, seed=seed, epsilon=0.0)
    wanted = x / np.sqrt((x**2).mean(1, keepdims=True)) * gained.weights["scale"]
    centred, dy = x - x.mean(1, keepdims=True), draw.normal(size=x.shape)
    rms, layer = (passed(kind, centred, dy, weights={}, epsilon=1e-12)
                  for kind in (KIND, "LayerNormalization"))  # fmt: skip
    changes = {name: apart(output(*t(x, w, v)), plain) for name, t in TRANSFORMS.items()}
    return {
        "formula": largest(gained.y - wanted),
        "layer": largest(rms.y - layer.y),
        "gradient": largest(rms.dx - rms.dx.mean(1, keepdims=True) - layer.dx),
        **changes,
    }


@dataclass(frozen=True, kw_only=True)
class Invariances(IdentitiesExperiment):
    """Zhang & Sennrich 2019, Section 3: RMSNorm, and what it is invariant to.

    Paper      "Root Mean Square Layer Normalization", arXiv 1910.07467, equation 4: inputs over
               their root mean square times a gain; invariant to re-scaling of weights, data and
               single cases, as layer normalization is, but not to re-centring.
    Claims     The layer is the formula; each of six changes alters a linear layer's output by less
               than 1e-6 where the paper says invariant, by more than 1e-2 where not; of inputs
               whose mean is zero the output is layer normalization's, whose gradient is that of
               RMSNorm less its mean.
    Ours       RMSNormalization, float64, nine draws. That accuracies are equal is another row.
    Cost       20 CPU seconds.
    Command    python -m benchmarks run zhang2019rms.invariances --out results
    """

    identities = (
        Identity("The layer is equation 4.", (Bound("formula", "|y − formula|", 1e-12),)),
        Identity("It is invariant to re-scaling and not to re-centring.",
                 tuple(Bound(name, f"relative change ({name})", 1e-6 if stays else 1e-2,
                             above=not stays) for name, stays in STAYS.items()),
                 paper=" ".join("yes" if stays else "no" for stays in STAYS.values())),
        Identity("Where the mean is zero it is layer normalization.",
                 (Bound("layer", "|y − that of layer normalization|", 1e-10),
                  Bound("gradient", "|dx less its mean − that of layer normalization|", 1e-10))),
    )  # fmt: skip
