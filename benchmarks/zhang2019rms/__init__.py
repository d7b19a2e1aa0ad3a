"""Zhang & Sennrich 2019, "Root Mean Square Layer Normalization"."""
