"""The normalizers that `small_batch` compares, by the names on its page."""

from __future__ import annotations

# `momentum` is filled in for each batch size, so that averages span equal numbers of examples.
ARMS = {
    "BN": "batch:momentum={momentum}",
    "GN": "group:groups=4",
    "LN": "layer",
    "none": "none",
    "LN+PN": "proxy(layer)",
    "BRN": "renorm:momentum={momentum},warmup_steps=100,r_max_steps=400,d_max_steps=400",
    "CBN": "cross_iteration:momentum={momentum}",
    "BGN": "batch_group:momentum={momentum}",
    "IEBN": "instance_enhancement:momentum={momentum}",
    "FRN": "filter_response:learnable_epsilon=true",
    "B0": "evonorm_b0:momentum={momentum}",
    "S0": "evonorm_s0:groups=4",
}
