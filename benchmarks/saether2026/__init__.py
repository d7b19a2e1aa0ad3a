"""Saether et al. 2026, "Does Weight Decay Enhance Training Stability?"."""
