"""Zhu et al. 2025, "Transformers without Normalization"."""
