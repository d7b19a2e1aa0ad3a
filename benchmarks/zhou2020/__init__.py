"""Zhou et al. 2020, "Batch Group Normalization"."""
