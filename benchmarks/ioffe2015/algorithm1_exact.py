"""Ioffe & Szegedy 2015, the equations: Algorithms 1 and 2, Sections 3.2 and 3.3."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.backend import backend
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import exact

# Function -> target, sentence, and what it measures with its limit.
CHECKS = {
    "equations.forward": ("ioffe15-alg1-fwd", "The layer computes Algorithm 1.", {
        "y": ("largest |y − reference|", 1e-12),
        "mean": ("largest |mean of x̂|", 1e-12),
        "power": ("largest |mean of x̂² − var / (var + ε)|", 1e-12),
    }),
    "equations.backward": ("ioffe15-alg1-bwd", "Its gradients are those of the chain rule.", {
        "closed form": ("largest |ours − closed form| of dx, dγ, dβ", 1e-10),
        "automatic": ("largest |automatic derivative − closed form| of dx", 1e-10),
        "central": ("largest |central difference − ours| of dx", 1e-7),
        "sum": ("largest |sum of dx|", 1e-10),
        "sum with output": ("largest |sum of dx x̂ − γ dγ ε / (var + ε)^1.5|", 1e-10),
    }),
    "population.folded": ("ioffe15-alg2", "At inference the layer is one affine map.", {
        "affine": ("largest |layer − affine map|", 1e-6),
    }),
    "equations.convolution": ("ioffe15-conv", "Feature maps are a batch of all their places.", {
        "apart": ("largest |on maps − on 120 rows| of y, dx", 1e-12),
        "weights": ("|trained values − 2 · 3 channels|", 0.0),
    }),
    "equations.scale_invariance": ("ioffe15-scale-inv", "A factor of the weights is undone.", {
        "y": ("relative change of BN(aWu) against BN(Wu)", 1e-9),
        "du": ("relative change of dL/du", 1e-9),
        "dw": ("relative change of a dL/d(aW) against dL/dW", 1e-9),
    }),
}  # fmt: skip
POPULATION, NEAR = "Algorithm 2", 0.03
AVERAGES = {
    "unbiased": ("ioffe15-alg2", "Unbiased variances average to the population's.",
                 "relative error of the mean variance"),
    "biased": ("ioffe15-alg2", "Biased ones average to (m − 1) / m of it.",
               "relative error of the mean biased variance against (m − 1) / m"),
    "keras": ("ioffe15-alg2-keras-gap", "Keras's layer remembers the biased variance.",
              "relative error of the mean of Keras's variances against (m − 1) / m"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Exact(Experiment):
    """Ioffe & Szegedy 2015: the equations.

    Paper      arXiv 1502.03167, Sections 3 to 3.3: the transform and its gradient, the statistics
               of inference, the convolutional form, and that a factor of the weights changes
               nothing.
    Claims     Identities, each within a limit of rounding on fixed random inputs; and averages of
               random data, within 3 % over paired seeds.
    Ours       Layers in float64, Algorithm 2 in float32. The layer's gradients against the closed
               form, against the automatic derivative of Algorithm 1 written out, and against
               central differences. Algorithm 2 on batches of 2, 4, 16 and 60 independent values of
               variance 4, 3,840 / m channels, the mean over channels, the worst batch size.
    Gap        Keras averages the biased variance, so its memory is (m - 1) / m of the truth.
    Not here   Section 2's example is ioffe2015.bias and ioffe2015.scale, Figure 5 is
               ioffe2015.architecture.
    Cost       5 CPU minutes, on each backend.
    Command    python -m benchmarks run ioffe2015.exact --out results
    """

    batches: int = option(1000, "mini-batches of Algorithm 2", least=100)

    def plan(self):
        package, running = "benchmarks.ioffe2015", backend()
        checks = {name: [Computation(f"{package}.{name}", backend=running)] for name in CHECKS}
        given = {"batches": self.batches}
        errors = Computation(f"{package}.population.errors", given, running, seed=0, effort=10)
        yield checks | {POPULATION: self.paired(errors)}

    def claims(self, found):
        for name, (target, sentence, measured) in CHECKS.items():
            (errors,) = found[name]
            parts = [exact(what, errors[key]) <= limit for key, (what, limit) in measured.items()]
            yield Claim(sentence, all_of(*parts), target=target)
        for key, (target, sentence, what) in AVERAGES.items():
            error = found[POPULATION].quantity(lambda errors, key=key: errors[key], what)
            yield Claim(sentence, error < NEAR, target=target)
