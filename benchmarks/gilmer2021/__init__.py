"""Gilmer et al. 2021, "A Loss Curvature Perspective on Training Instability in Deep Learning"."""
