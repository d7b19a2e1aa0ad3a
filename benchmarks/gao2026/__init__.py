"""Gao et al. 2026, "A Mechanism Study of Delayed Loss Spikes in Batch-Normalized Linear Models"."""
