"""Salimans & Kingma 2016, "Weight Normalization"."""
