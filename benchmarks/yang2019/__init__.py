"""Yang et al. 2019, "A Mean Field Theory of Batch Normalization"."""
