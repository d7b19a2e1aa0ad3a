"""Wu & He 2018, "Group Normalization"."""
