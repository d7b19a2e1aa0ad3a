"""Lubana et al. 2021, as an instrument: its alarms on published architectures and damaged ones."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.report.claims import interval_text
from keras_norms.lab.report.tables import Table, number

SOUND = ("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionV3",
         "MobileNet", "MobileNetV3Small", "NASNetMobile", "ResNet50", "Xception")  # fmt: skip
# What takes the place of batch normalization, and the principle that it puts at risk.
DAMAGED = {
    ("ResNet152", "none, He"): "growth",
    ("MobileNet", "none"): "growth",
    ("Xception", "none"): "growth",
    ("MobileNet", "groups of one"): "gradients",
    ("InceptionV3", "groups of one"): "gradients",
    ("MobileNet", "one group"): "collapse",
}
DIAGNOSIS = "benchmarks.lubana2021.architectures.diagnosis"


@dataclass(frozen=True, kw_only=True)
class SignalsOfArchitectures(Experiment):
    """Lubana et al. 2021, as an instrument: its alarms on published architectures and damaged ones.

    Paper      arXiv 2106.05956 explains when a normalizer works by growth of activations,
               similarity of activations and growth of gradients, all at initialization.
    Claims     `keras_norms.probes.signals` raises no alarm on ten architectures of
               keras.applications, and names the principle that each of six damages puts at risk.
    Ours       Random weights; CIFAR-10 enlarged to 128x128 pixels, 16 images. The thresholds come
               from the initialization of ResNet-56 and cfg_20 alone; both lists were fixed before
               the first of these networks was looked at.
    Rival      Where it fails, that layers are counted and not depth. MobileNet is a chain, 28 deep,
               in which BN alone multiplies gradients by 1.21 a layer (Yang et al. 2019): at the
               threshold. InceptionV3's 95 layers lie side by side; over its 48 in a row groups of
               one would make 1.19 a layer of the ratio, still no alarm.
    Cost       16 diagnoses a seed, a CPU minute a seed. Not on torch, where Keras has no
               NASNetMobile.
    Command    python -m benchmarks run lubana2021.signals_of_architectures --out results
    """

    seeds: int = option(6, "weights and batches", least=1, most=10_000)
    size: int = option(128, "pixels of a side", least=96, most=512)
    examples: int = option(16, "images a batch", least=2, most=500)
    backend: str = option("", "Keras backend; the running one where none is named")

    def plan(self):
        yield {self.named(*each): self.paired(self.job(*each)) for each in self.cells()}

    def cells(self) -> list[tuple[str, str]]:
        return [*((name, "") for name in SOUND), *DAMAGED]

    def named(self, architecture: str, damage: str) -> str:
        return f"{architecture}, {damage}" if damage else architecture

    def job(self, architecture: str, damage: str) -> Computation:
        size = {"size": self.size, "examples": self.examples}
        given = {"architecture": architecture, "damage": damage, **size}
        return Computation(DIAGNOSIS, given, backend=self.backend, seed=0)

    def claims(self, found):
        alarms = {name: found[name].quantity(lambda one: len(one["risks"]), "alarms")
                  for name in SOUND}  # fmt: skip
        yield Claim("No alarm on ten published architectures.",
                    all_of(*(alarm < 0.5 for alarm in alarms.values())))  # fmt: skip
        named = [found[self.named(*each)].quantity(lambda one, r=risk: r in one["risks"], risk)
                 for each, risk in DAMAGED.items()]  # fmt: skip
        yield Claim("The right alarm on each of six damaged ones.",
                    all_of(*(said > 0.5 for said in named)))  # fmt: skip

    def tables(self, found):
        rows = []
        for each in self.cells():
            group = found[self.named(*each)]
            told = [", ".join(one["risks"]) or "none" for one in group]
            row = {
                "network": self.named(*each),
                "linear layers": group[0]["layers"],
                "expected": DAMAGED.get(each, "none"),
                "alarms": "; ".join(f"{told.count(t)} {t}" for t in dict.fromkeys(told)),
            }
            for name in ("growth", "similarity", "ratio"):
                row[name] = interval_text([one[name] for one in group], number)
            rows.append(row)  # fmt: skip
        yield Table(f"{self.name()}-alarms", pd.DataFrame(rows), "Alarms (seeds), and what they "
                    "rest on: medians over seeds. At risk: growth above 5000 or below 1/5000, "
                    "similarity above 0.925, a ratio above 38 that is 1.22 a layer.")  # fmt: skip
