"""The families of cells that the map has: an architecture under an optimizer, by depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keras_norms.lab.edges.search import Search
from keras_norms.lab.experiment import FIRST_SEED
from keras_norms.lab.training import Run

PLACEHOLDER = 1.0  # the learning rate of a program, which its runs replace
FOUR = {"none": "none", "batch": "batch:momentum=0.9", "layer": "layer", "rms": "rms"}
CONVOLUTIONAL = {**{k: FOUR[k] for k in ("none", "batch", "layer")}, "group": "group:groups=8"}
EIGHT = {
    **FOUR,
    "group": "group:groups=8",
    "variance": "variance:momentum=0.9",
    "dynamic_tanh": "dynamic_tanh",
    "weight": "weight",
}
# Of the transformer: normalizer, and what the model is besides pre-norm.
BLOCKS = {
    "none": ("none", ""),
    "layer": ("layer", ""),
    "rms": ("rms", ""),
    "peri": ("layer", "norm=peri"),
    "qk": ("layer", "qk_norm=true"),
    "dynamic_tanh": ("dynamic_tanh", ""),
    "dynamic_erf": ("dynamic_erf", ""),
}
MOMENTUM = "sgd:momentum=0.9"


@dataclass(frozen=True)
class Family:
    """Attributes:
    architecture, optimizer: in words.
    model: without its depth.
    arms: by label the normalizer, or that and more of the model.
    depths: from the shallowest on, each giving the next one its prior.
    settings: of the runs, besides.
    search: of a first visit.
    """

    architecture: str
    optimizer: str
    model: str
    arms: Mapping[str, str | tuple[str, str]]
    depths: tuple[int, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
    search: Search = field(default_factory=lambda: searched(1e-5))

    @property
    def words(self) -> str:
        return f"{self.architecture}, {self.optimizer}"

    def program(self, arm: str, depth: int) -> Run:
        """A run of a cell, but for its learning rate and seed."""
        given = self.arms[arm]
        normalizer, more = (given, "") if isinstance(given, str) else given
        arguments = ",".join(part for part in (f"depth={depth}", more) if part)
        model = f"{self.model}{',' if ':' in self.model else ':'}{arguments}"
        return Run(
            model=model, normalizer=normalizer, learning_rate=PLACEHOLDER, **dict(self.settings)
        )


def searched(low: float, seeds: int = 4, most: int = 6) -> Search:
    return Search(low, 1e2, seeds, FIRST_SEED, most)


def mlp(optimizer: str, spec: str, arms: Mapping[str, str] = FOUR, width: int = 64, **more):
    """MLPs on digits."""
    depths = more.pop("depths", (4, 8, 16, 32))
    search = more.pop("search", searched(1e-5))
    words = "MLP" if width == 64 else f"MLP {width} wide"
    settings = {"optimizer": spec, **more}
    return Family(words, optimizer, f"mlp:width={width}", arms, depths, settings, search)


def images(architecture: str, model: str, optimizer: str, spec: str) -> Family:
    """Convolutions on digits."""
    settings = {"optimizer": spec, "steps": 120, "batch": 32}
    return Family(architecture, optimizer, model, CONVOLUTIONAL, (8, 14, 20), settings)


def transformer(optimizer: str, spec: str, arms=BLOCKS, depths=(2, 4, 8), **more) -> Family:
    """Character models."""
    settings = {
        "data": "docs:characters=4000,context=32",
        "batch": 16,
        "steps": 100,
        "optimizer": spec,
        **more,
    }
    return Family("transformer", optimizer, "char_transformer:width=32", arms, depths, settings)


# The first two are searched as `frontier` and `bjorck2018.largest_rate_by_depth` do, whose runs
# they share.
FAMILIES: dict[str, Family] = {
    "mlp-sgd": mlp(
        "plain SGD", "sgd", EIGHT, depths=(4, 8, 16, 32, 64), search=searched(1e-4, 6, 16)
    ),
    "resnet-sgd": Family(
        "ResNet",
        "plain SGD",
        "resnet:width=8",
        {"none": "none", "batch": "batch:momentum=0.9"},
        (8, 20, 32, 56),
        {
            "data": "cifar10:examples=5000,size=16,test_examples=500",
            "steps": 150,
            "initializer": "xavier",
        },
        searched(1e-4, 6, 10),
    ),
    "mlp-momentum": mlp("momentum", MOMENTUM),
    "plain-momentum": images("plain convolutions", "plain:width=8", "momentum", MOMENTUM),
    "mlp-adamw": mlp("AdamW", "adamw"),
    "mlp-adamw-warmup": mlp(
        "AdamW with warm-up", "adamw", depths=(4, 16), schedule="warmup:steps=0.2"
    ),
    "mlp-sgd-narrow": mlp("plain SGD", "sgd", width=32, depths=(4, 16)),
    "mlp-sgd-wide": mlp("plain SGD", "sgd", width=256, depths=(4, 16)),
    "transformer-adamw": transformer("AdamW", "adamw"),
    "mlp-muon": mlp("Muon", "muon"),
    "resnet-adamw": images("ResNet on digits", "resnet:width=8", "AdamW", "adamw"),
    "transformer-scaled": transformer(
        "AdamW, branches scaled", "adamw", {"layer": ("layer", "norm=scaled")}
    ),
}
