"""Liu et al. 2020, "Evolving Normalization-Activation Layers"."""
