"""Chen et al. 2025, "Stronger Normalization-Free Transformers"."""
