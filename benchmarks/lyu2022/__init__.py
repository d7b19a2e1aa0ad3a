"""Lyu, Li & Arora 2022, "Understanding the Generalization Benefit of Normalization Layers"."""
