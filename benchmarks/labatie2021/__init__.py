"""Labatie et al. 2021, "Proxy-Normalizing Activations"."""
