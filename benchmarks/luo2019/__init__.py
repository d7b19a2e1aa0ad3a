"""Luo et al. 2019, "Differentiable Learning-to-Normalize via Switchable Normalization"."""
