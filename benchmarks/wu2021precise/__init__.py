"""Wu & Johnson 2021, Rethinking "Batch" in BatchNorm."""
