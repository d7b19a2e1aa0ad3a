"""Cohen et al. 2024, "Understanding Optimization in Deep Learning with Central Flows"."""
