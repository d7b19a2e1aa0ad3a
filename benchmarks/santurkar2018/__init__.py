"""Santurkar et al. 2018, "How Does Batch Normalization Help Optimization?"."""
