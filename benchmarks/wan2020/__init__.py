"""Wan et al. 2020, "Spherical Motion Dynamics"."""
