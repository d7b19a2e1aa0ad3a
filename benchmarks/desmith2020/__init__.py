"""De & Smith 2020, "Batch Normalization Biases Residual Blocks Towards the Identity Function"."""
