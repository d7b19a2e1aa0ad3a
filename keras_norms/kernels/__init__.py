"""Tensors in, tensors out: the arithmetic that every normalizer of the library shares."""

from keras_norms.kernels.bounds import at_least as at_least
from keras_norms.kernels.groups import Groups as Groups
from keras_norms.kernels.moments import moments as moments
from keras_norms.kernels.native import native as native
from keras_norms.kernels.standardize import affine as affine
from keras_norms.kernels.standardize import normalize as normalize
from keras_norms.kernels.standardize import standardize as standardize
from keras_norms.kernels.statistics import Moments as Moments
