"""Meterez et al. 2023, "Towards Training Without Depth Limits"."""
