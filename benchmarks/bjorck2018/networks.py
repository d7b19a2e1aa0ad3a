"""The residual network of the paper, with and without batch normalization, and its layers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Group
from keras_norms.lab.options import option
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.training import Run

WITH, WITHOUT = "BN", "none"
BATCH = "batch:momentum=0.9"
ARMS = {WITH: BATCH, WITHOUT: "none"}


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
    test_examples: int = option(128, "test images: nothing is read off them", least=1)

    def initial(self, probe: str) -> dict[str, list[Run]]:
        """Both arms, with one thing to look at before the first step."""
        data = f"{self.data}:examples={self.examples},test_examples={self.test_examples}"
        one = self.run(BATCH, data=data, steps=1, probes=(f"{probe}at=0",))
        return {arm: self.paired(replace(one, normalizer=ARMS[arm])) for arm in ARMS}


def seen(group: Group, probe: str, measure: Callable[[Any], float], formula: str) -> Quantity:
    """A number of what a probe saw at its only look.

    What overflowed is infinite: a network beyond float32 is at the end of every scale.
    """

    def number(rows: Any) -> float:
        value = float(measure(rows[0]))
        return value if math.isfinite(value) else math.inf

    return group.probed(probe).quantity(number, formula)


def ends(group: Group) -> str:
    """How many of the runs were dead at the start, blew up or went on, in words."""
    return ", ".join(f"{n} {verdict}" for verdict, n in Counter(o.verdict for o in group).items())
