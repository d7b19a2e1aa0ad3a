"""A spec for each registered normalizer, with arguments that suit small networks and short runs."""

from __future__ import annotations

import keras_norms
from keras_norms.lab.quiet_import import import_keras

# Short runs see few batches, small networks have few channels, and some stand on another's work.
_FITTING = {
    "batch": "batch:momentum=0.9",
    "batch_group": "batch_group:groups=8,momentum=0.9",
    "cross_iteration": "cross_iteration:momentum=0.9,burn_in=20",
    "evonorm_b0": "evonorm_b0:momentum=0.9",
    "evonorm_b1": "evonorm_b1:momentum=0.9",
    "evonorm_b2": "evonorm_b2:momentum=0.9",
    "evonorm_s0": "evonorm_s0:8",
    "evonorm_s1": "evonorm_s1:8",
    "evonorm_s0a": "evonorm_s0a:8",
    "evonorm_s1a": "evonorm_s1a:8",
    "ghost": "ghost:16,momentum=0.9",
    "group": "group:8",
    "instance_enhancement": "instance_enhancement:momentum=0.9",
    "lp": "lp:1,momentum=0.9",
    "mean_only": "weight+mean_only:momentum=0.9",
    "proxy": "proxy(group:8)",
    "renorm": "renorm:momentum=0.9,warmup_steps=20,r_max_steps=60,d_max_steps=60",
    "switchable": "switchable:momentum=0.9",
    "variance": "variance:momentum=0.9",
    "ws": "ws+group:8",
}


def fitting(name: str) -> str:
    """The spec by which the normalizer `name` is tried."""
    return _FITTING.get(name, name)


def every() -> dict[str, str]:
    """Name to spec, of all that is registered and of no normalizer at all."""
    import_keras()
    return {name: fitting(name) for name in keras_norms.names()}
