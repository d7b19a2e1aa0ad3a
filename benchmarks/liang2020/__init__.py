"""Liang et al. 2020, "Instance Enhancement Batch Normalization"."""
