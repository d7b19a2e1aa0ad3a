"""The VGG of all trained rows, its arms, and how each gets its learning rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Group
from keras_norms.lab.options import RATE, option
from keras_norms.lab.training import Run
from keras_norms.lab.training.probe_table import choose_probe
from keras_norms.lab.tuning import best_rate, on_validation, swept

NONE, BN, NOISY = "none", "BN", "noisy BN"
NORMS = ("L1", "L2", "L∞")
ARMS = {
    NONE: "none",
    BN: "batch:momentum=0.9",
    NOISY: "@benchmarks.santurkar2018.noisy_batch.NoisyBatchNormalization",
    **dict(zip(NORMS, (f"lp:momentum=0.9,p={p}" for p in (1, 2, "inf")), strict=True)),
}
PAPER_RATE, TIMES = 0.1, (0.5, 4.0)  # of Figure 4: which steps along the gradient it looks at
TUNING_SEEDS = 2


def largest_working(groups: Mapping[float, Group]) -> float:
    """The largest rate with at least nine tenths of the best validation accuracy."""
    reached = {rate: group.quantity(_end).estimate for rate, group in groups.items()}
    return max(rate for rate in reached if reached[rate] >= 0.9 * max(reached.values()))


def _end(outcome: Any) -> float:
    return 0.0 if outcome.verdict.blown else outcome.final("test_accuracy")


@dataclass(frozen=True, kw_only=True)
class VggExperiment(Experiment):
    """VGG on CIFAR-10: three quarters of the steps at one learning rate, the last at a tenth."""

    seeds: int = option(6, "paired seeds, fixed before the first run", least=1, most=10_000)
    data: str = option("cifar10", "data set")
    examples: int = option(10_000, "images to train on, drawn once", least=64, gpu=50_000)
    test_examples: int = option(2000, "images to test on", least=1, gpu=10_000)
    size: int = option(16, "pixels of a side", least=1, gpu=32)
    depth: int = option(8, "of the VGG", least=6, gpu=11)
    width: int = option(8, "channels of the first stage", least=1, gpu=64)
    batch: int = option(64, "examples a step", least=1, gpu=128)
    steps: int = option(300, "of every run", least=20, gpu=6000)
    rates: tuple[float, ...] = option((0.03, 0.1, 0.3), "learning rates to try", **RATE)

    def run(self, arm: str, rate: float, **fields: Any) -> Run:
        data = f"{self.data}:examples={self.examples},test_examples={self.test_examples}"
        return Run(model=f"vgg:depth={self.depth},width={self.width}", normalizer=ARMS[arm],
                   data=f"{data},size={self.size}", learning_rate=rate, batch=self.batch,
                   steps=self.steps, schedule="piecewise:at=(0.75)", keep_predictions=True,
                   evaluate_every=self.steps // 6, **fields)  # fmt: skip

    def chosen(self, arms: Iterable[str], choose: Callable[..., float] = best_rate):
        """A part of a plan that tries all rates on the validation set; by arm the chosen one."""
        found = yield {swept(arm, rate): self.tuning(on_validation(self.run(arm, rate)),
                                                     TUNING_SEEDS)
                       for arm in arms for rate in self.rates}  # fmt: skip
        return {arm: choose({rate: found[swept(arm, rate)] for rate in self.rates})
                for arm in arms}  # fmt: skip

    @property
    def looks(self) -> str:
        """Eight steps at the full learning rate at which probes look, the first one among them."""
        apart = max(1, self.steps * 3 // 32)
        return f"at=({','.join(str(k * apart) for k in range(8))})"

    def smoothness(self, rate: float, unit: float = PAPER_RATE) -> str:
        """The probe along the gradient, half to four times `unit`, whatever rate the run has."""
        low, high = (unit * factor / rate for factor in TIMES)
        spec = f"smoothness:{self.looks},low={low!r},high={high!r},points=5"
        return choose_probe(spec, self.steps).text

    def walked(self, group: Group, own: bool = False) -> Group:
        """What it answered of steps around the paper's rate, or around the run's own."""
        rate = group.jobs[0].learning_rate
        return group.probed(self.smoothness(rate, rate if own else PAPER_RATE))
