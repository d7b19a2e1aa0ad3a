"""Optuna studies, one a file: `python -m studies list`."""
