"""Yao et al. 2021, "Cross-Iteration Batch Normalization"."""
