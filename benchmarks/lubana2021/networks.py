"""The networks and normalizers of the paper, and what is looked at before the first step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Group
from keras_norms.lab.options import option
from keras_norms.lab.training import Run
from keras_norms.lab.training.probe_table import choose_probe

NONE = "none"
EPSILON = "epsilon=0.00001"  # of the official code, where the paper gives none
GROUPS = 8  # of the narrow networks; 32 in the paper's
# By the paper's names: those of activations, and those of weights.
ACTIVATIONS = {
    "BN": f"batch:{EPSILON},momentum=0.9",
    "LN": f"group:{EPSILON},groups=1",  # over space and channels, gamma and beta a channel
    "IN": f"instance:{EPSILON}",
    "GN": f"group:{EPSILON},groups={GROUPS}",
    "FRN": f"filter_response:{EPSILON}",
    "VN": f"variance:{EPSILON},momentum=0.9",
    "EvoNormBO": "evonorm_b0:momentum=0.9",
    "EvoNormSO": f"evonorm_s0:groups={GROUPS}",
}
WEIGHTS = {"WN": "weight:gain_initializer=ones", "SWS": "sws"}
NORMALIZERS = {**ACTIVATIONS, **WEIGHTS}
ARMS = {**NORMALIZERS, NONE: "none"}
PARAMETRIC = (*WEIGHTS, NONE)
# The mean and variance that ReLU takes away, WN gives back in the activation; applied to a sum
# again and again that would itself grow, so the code moves it before the addition.
SCALED = {"WN": ",activation=scaled_relu"}
MOVED = {"WN": ",activate=branch"}
FEATURES = "propagation:of=features,side=input"  # the last activations, before they are averaged
LINEAR = "propagation:of=linear,side=input"  # what each layer takes, and the gradient behind it
BLOCKS = "propagation:of=additions"


def group_of(size: int, kind: str = "GroupsOf") -> str:
    """Group normalization with groups of so many channels."""
    return f"@benchmarks.lubana2021.normalizers.{kind}:size={size}"


def cfg(depth: int, width: int, arm: str = NONE) -> str:
    """The spec of a network without shortcuts for an arm."""
    return f"cfg:depth={depth},width={width}{SCALED.get(arm, '')}"


def resnet(depth: int, width: int, arm: str = NONE, skipinit: bool = False) -> str:
    """The spec of a residual network whose shortcuts are 3x3 units, as in the official code."""
    branch = ",branch=skipinit" if skipinit else ""
    special = SCALED.get(arm, "") + MOVED.get(arm, "") + branch
    return f"resnet:depth={depth},width={width},shortcut=3{special}"


def preactivated(depth: int, width: int, arm: str = NONE, skipinit: bool = False) -> str:
    """The same with normalizer and activation before the convolutions, as the code also has it."""
    special = SCALED.get(arm, "") + (",branch=skipinit" if skipinit else "")
    return f"preactivation_resnet:depth={depth},width={width}{special}"


FORMS = {"preactivation_resnet": preactivated, "resnet": resnet}


@dataclass(frozen=True, kw_only=True)
class InitializationExperiment(Experiment):
    """Networks that are looked at before their first step, each on a first batch of its own."""

    seeds: int = option(10, "networks, each with its own first batch", least=1, most=10_000)
    data: str = option("cifar10", "data set")
    examples: int = option(2000, "images to draw batches from", least=1)
    size: int = option(32, "pixels of a side", least=1)
    batch: int = option(32, "images a batch", least=2)

    def initial(self, model: str, normalizer: str, *probes: str, **fields: Any) -> list[Run]:
        """A network a seed, looked at by the probes before its only step."""
        size = "" if self.data == "digits" else f",size={self.size}"
        usual = {
            "data": f"{self.data}:examples={self.examples},test_examples=16{size}",
            "batch": self.batch,
            "initializer": "he",
        }
        seen = tuple(f"{probe},at=0" for probe in probes)
        return self.paired(Run(model=model, normalizer=normalizer, learning_rate=1e-6, steps=1,
                               probes=seen, **{**usual, **fields}))  # fmt: skip


def spec_of(probe: str) -> str:
    """The canonical spec of one of these probes at initialization."""
    return choose_probe(f"{probe},at=0", 1).text


def answer(group: Group, probe: str) -> Group:
    """What one of these probes answered."""
    return group.probed(spec_of(probe))


@dataclass(frozen=True, kw_only=True)
class GroupSizeExperiment(InitializationExperiment):
    """Networks without shortcuts whose groups of channels are of several sizes."""

    depth: int = option(20, "convolutions: 10, 20 or 40", least=10)
    width: int = option(16, "channels of the first stage", least=1, gpu=64)
    group_sizes: tuple[int, ...] = option((1, 2, 4, 8, 16, 32, 64), "channels a group", least=1)

    def arms(self) -> dict[str, str]:
        """By name the normalizers: groups from small to large, then all channels, BN and none."""
        sizes = {f"size {size}": group_of(size) for size in sorted(self.group_sizes)}
        one = {"one group": group_of(8 * self.width), "LN": f"layer:axis=(1,2,3),{EPSILON}"}
        return {**sizes, **one, "BN": ACTIVATIONS["BN"], NONE: "none"}

    def sizes(self) -> list[str]:
        return [f"size {size}" for size in sorted(self.group_sizes)]

    def plan(self):
        yield {arm: self.initial(cfg(self.depth, self.width), normalizer, FEATURES, LINEAR)
               for arm, normalizer in self.arms().items()}  # fmt: skip
