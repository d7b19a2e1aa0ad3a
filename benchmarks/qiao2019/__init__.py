"""Qiao et al. 2019, weight standardization, for training in micro-batches (arXiv 1903.10520)."""
