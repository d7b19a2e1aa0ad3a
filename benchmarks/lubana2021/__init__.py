"""Lubana, Dick & Tanaka 2021, "Beyond BatchNorm", NeurIPS 2021, arXiv 2106.05956."""
