"""Training as in the paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.lubana2021.networks import (
    ARMS,
    FEATURES,
    GROUPS,
    LINEAR,
    cfg,
    group_of,
    resnet,
)
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.options import RATE, option
from keras_norms.lab.training import Run

PAPERS_BATCH = 256  # at which its rate is 0.1
SCALINGS = {
    "none": lambda batch: 1.0,
    "linear": lambda batch: batch / PAPERS_BATCH,
    "inverse": lambda batch: PAPERS_BATCH / batch,  # what the code does, and calls linear
}
# The official code where it departs from the formulas: normalizers by the paper's names.
CODE = {
    "GN": group_of(0, "UnbiasedGroups"),
    "FRN": "filter_response:epsilon=0,epsilon_initializer=0.00001,learnable_epsilon=true",
}
WARMED = "FRN"  # warms up over the first twelfth, 5 of 60 epochs
NETWORKS: dict[str, Callable[[int, str], str]] = {
    "cfg_10": lambda width, arm: cfg(10, width, arm),
    "cfg_20": lambda width, arm: cfg(20, width, arm),
    "ResNet-56": lambda width, arm: resnet(56, width, arm),
    "ResNet-56, SkipInit": lambda width, arm: resnet(56, width, arm, skipinit=True),
}


@dataclass(frozen=True, kw_only=True)
class TrainingExperiment(Experiment):
    """Networks of all normalizers, trained as in the paper on a tenth of its images."""

    seeds: int = option(6, "paired seeds", least=1, most=10_000)
    data: str = option("cifar10", "data set", gpu="cifar100")
    examples: int = option(5000, "images to train on, drawn once", least=1, gpu=50_000)
    size: int = option(16, "pixels of a side for residual networks", least=4, gpu=32)
    width: int = option(8, "channels of the first stage", least=4, gpu=64)
    groups: int = option(4, "of GN and EvoNormSO", least=1, gpu=32)
    batch: int = option(64, "images a step", least=2, gpu=256)
    steps: int = option(300, "of a run", least=4, gpu=11_700)
    rate: float = option(0.1, "learning rate, divided by ten after three quarters", **RATE)
    scaling: str = option("none", "of the rate with the batch over 256", choices=SCALINGS)
    code: bool = option(False, "GN and FRN in the form of the official code")

    def normalizer(self, arm: str) -> str:
        """The spec of an arm, with the groups of this experiment."""
        spec = CODE.get(arm, ARMS[arm]) if self.code else ARMS[arm]
        return spec.replace("size=0", f"size={max(1, self.width // self.groups)}").replace(
            f"groups={GROUPS}", f"groups={self.groups}"
        )

    def trained(self, network: str, arm: str) -> list[Run]:
        """A run a seed, its network looked at before the first step."""
        size = f",size={self.size}" if network.startswith("ResNet") else ""
        warm = f"+warmup:steps={max(1, self.steps // 12)}" if arm == WARMED else ""
        return self.paired(Run(
            model=NETWORKS[network](self.width, arm), normalizer=self.normalizer(arm),
            data=f"{self.data}:examples={self.examples},test_examples=500,flip=true{size}",
            learning_rate=self.rate * SCALINGS[self.scaling](self.batch), batch=self.batch,
            steps=self.steps, schedule=f"piecewise:at=0.75{warm}", initializer="he",
            optimizer="sgd:l2=0.00005,momentum=0.9", probes=(f"{FEATURES},at=0", f"{LINEAR},at=0"),
        ))  # fmt: skip
