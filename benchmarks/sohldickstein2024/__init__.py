"""Sohl-Dickstein 2024, "The boundary of neural network trainability is fractal"."""
