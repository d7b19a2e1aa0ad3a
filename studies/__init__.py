"""Optuna studies of normalizers, run from a checkout: `python -m studies --help`."""

from studies import quiet as quiet  # before anything else imports Keras
