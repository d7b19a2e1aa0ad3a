"""Kalra & Barkeshli 2023, "Phase diagram of early training dynamics in deep neural networks"."""
