"""The residual network of the paper, with and without batch normalization, and its layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.options import option
from keras_norms.lab.training import Run

WITH, WITHOUT = "BN", "none"
BATCH = "batch:momentum=0.9"
ARMS = {WITH: BATCH, WITHOUT: "none"}
RATES = {WITH: 0.1, WITHOUT: 1e-4}  # of the paper's Figure 3
TESTED = 128  # test images, where nothing is read off them
SGD = "sgd:momentum=0.9,l2=0.00025"  # a weight decay of 0.0005


@dataclass(frozen=True, kw_only=True)
class NetworkExperiment(Experiment):
    """A residual network on images; layers are counted as in the paper, from 1 to the depth."""

    data: str = option("cifar10", "data set")
    examples: int = option(12_800, "images to train on, drawn once", least=1)
    depth: int = option(110, "layers of the network, 6 n + 2", least=8)
    width: int = option(16, "channels of the first stage", least=1)
    batch: int = option(128, "examples a step", least=1)
    initializer: str = option("xavier", "of all kernels")

    def run(self, normalizer: str, rate: float = 1e-4, **fields: Any) -> Run:
        """A run; what tells experiments apart is given by fields."""
        usual: dict[str, Any] = {
            "model": f"resnet:depth={self.depth},width={self.width}",
            "data": f"{self.data}:examples={self.examples}",
            "batch": self.batch,
            "initializer": self.initializer,
        }
        return Run(**{**usual, **fields}, normalizer=normalizer, learning_rate=rate)

    def trained(self, normalizer: str, rate: float, **fields: Any) -> Run:
        """A run as the paper trains: momentum, L2 weight, flips and crops."""
        data = f"{self.data}:examples={self.examples},test_examples={TESTED},flip=true,crop=4"
        return self.run(normalizer, rate, **{"data": data, "optimizer": SGD, **fields})

    def require_batches(self, batches: tuple[int, ...]) -> None:
        """Raises BadOption for a mini-batch that an epoch lacks."""
        there = self.examples // self.batch
        if max(batches) > there:
            raise self.invalid(
                "batches",
                f"write at most {there}: an epoch of {self.examples} examples has no more of "
                f"{self.batch}",
            )

    def place(self, layer: int) -> int:
        """Where a layer stands among all linear ones: the paper counts no shortcuts.

        Raises:
            BadInput: the network lacks it.
        """
        if not 1 <= layer <= self.depth:
            raise BadInput(
                f"Invalid layers={layer}: the network has {self.depth} layers, counted from 1"
            )
        stage = (self.depth - 2) // 3  # layers of a stage
        # A stage's shortcut stands before the second convolution of its first block.
        return layer + (layer > stage + 2) + (layer > 2 * stage + 2)

    def places(self, layers: tuple[int, ...]) -> str:
        """The same of several layers, as probes read it."""
        return f"({','.join(str(self.place(layer)) for layer in layers)})"


@dataclass(frozen=True, kw_only=True)
class InitializationExperiment(NetworkExperiment):
    """Networks that are looked at before their first step, the same ones in each experiment."""

    seeds: int = option(10, "networks, each with its own first batch", least=1, most=10_000)

    def initial(self, probe: str) -> dict[str, list[Run]]:
        """Both arms, with one thing to look at before the first step."""
        data = f"{self.data}:examples={self.examples},test_examples={TESTED}"
        one = self.run(BATCH, data=data, steps=1, probes=(f"{probe}at=0",))
        return {arm: self.paired(replace(one, normalizer=ARMS[arm])) for arm in ARMS}
