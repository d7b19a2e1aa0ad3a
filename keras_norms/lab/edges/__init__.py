"""Verdicts on runs, and the edges between the learning rates that pass and those that do not."""
