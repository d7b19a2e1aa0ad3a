"""Zhang, Dauphin & Ma 2019, Section 3: what Fixup makes of a residual network's start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.identities import Bound, IdentitiesExperiment, Identity, largest
from keras_norms.lab.options import option

BLOCKS, WIDTH, BIG = 9, 16, 20_000  # of a ResNet-20; kernels whose deviation can be read


def errors(seed: int) -> dict[str, float]:
    import keras

    import keras_norms
    from benchmarks.ioffe2015.steps import array
    from keras_norms.lab.models.resnet import resnet
    from keras_norms.normfree import fixup, residual_branches

    keras.utils.set_random_seed(seed)
    about = {"depth": 6 * BLOCKS // 3 + 2, "width": WIDTH, "input_shape": (16, 16, 3)}
    model = resnet(keras_norms.get("none"), classes=10, **about)
    fixed, branches = fixup(model), residual_branches(model)

    def kernels(of: keras.Model, names) -> list[np.ndarray]:
        return [array(of.get_layer(name).kernel.value) for name in names]

    first = [branch.linear[0] for branch in branches]
    last = [*(branch.linear[-1] for branch in branches), model.layers[-1].name]
    pairs = [*zip(kernels(fixed, first), kernels(model, first), strict=True)]
    spreads = [
        after.std() * (len(branches) * np.prod(after.shape[:-1]) / 2) ** 0.5 - 1
        for after, _ in pairs
        if after.size >= BIG
    ]
    x = np.random.default_rng(seed).normal(size=(8, 16, 16, 3)).astype("float32")
    return {
        "blocks": float(abs(len(branches) - BLOCKS)),
        "zeros": largest(*kernels(fixed, last)),
        "exact": largest(*(after - before * BLOCKS**-0.5 for after, before in pairs)),
        "spread": largest(*spreads),
        "output": largest(fixed.predict(x, verbose=0)),
        "plain": largest(model.predict(x, verbose=0)),
    }


@dataclass(frozen=True, kw_only=True)
class Start(IdentitiesExperiment):
    """Zhang, Dauphin & Ma 2019, Section 3: what Fixup makes of a residual network's start.

    Paper      "Fixup Initialization", arXiv 1901.09321, Section 3: the last layer of each branch
               and the head are zero; the others of L branches of m layers are scaled by
               L^(-1 / (2 m - 2)), here L^(-1/2).
    Claims     Zero where the paper says so; first layers are the standard ones times 9^(-1/2), and
               the large ones' standard deviation is that of He times it, to 2 %; the outputs are
               zero, which they are not before.
    Ours       ResNet-20 of width 16 on 16x16 images, He weights, ten networks.
    Cost       1 CPU minute.
    Command    python -m benchmarks run zhang2019fixup.start --out results
    """

    seeds: int = option(10, "networks", least=1, most=10_000)
    identities = (
        Identity("The last layer of each branch and the head are zero.",
                 (Bound("zeros", "|value of these kernels|", 0.0),
                  Bound("blocks", "|branches − 9|", 0.0)), paper="0", target="fixup19-init"),
        Identity("The other layers of a branch are scaled by L^(−1/2).",
                 (Bound("exact", "|kernel − 9^(−1/2) · standard|", 1e-6),
                  Bound("spread", "|standard deviation / (He's · 9^(−1/2)) − 1|", 0.02)),
                 target="fixup19-init"),
        Identity("The network's outputs are zero.",
                 (Bound("output", "|output|", 0.0),
                  Bound("plain", "|output| before", 0.01, above=True)), paper="0",
                 target="fixup19-init"),
    )  # fmt: skip
