"""Replications of papers, run from a checkout: `python -m benchmarks --help`."""

import studies as studies  # before anything else imports Keras
