"""The sampler of learning-rate edges as a package of OptunaHub; it needs no framework."""

from keras_norms.lab.edges.sampler import ThresholdSampler
from keras_norms.lab.edges.verdict import Verdict, classify

__all__ = ["ThresholdSampler", "Verdict", "classify"]
