"""Wei, Stokes & Schwab 2019, "Mean-field Analysis of Batch Normalization"."""
