"""The paper's experiments by name, in its order."""

from benchmarks.ioffe2015 import (
    ablation,
    architecture,
    bias,
    convergence,
    divergence,
    ensemble,
    exact,
    figure1,
    imagenet,
    scale,
    shuffle,
    sigmoid,
    throughput,
)

EXPERIMENTS = {
    f"ioffe2015.{name}": module
    for name, module in {
        "exact": exact,
        "bias": bias,
        "scale": scale,
        "figure1": figure1,
        "convergence": convergence,
        "divergence": divergence,
        "sigmoid": sigmoid,
        "shuffle": shuffle,
        "ablation": ablation,
        "ensemble": ensemble,
        "architecture": architecture,
        "imagenet": imagenet,
        "throughput": throughput,
    }.items()
}
